"""The page in a real browser, from disk, with every request blocked."""

import shutil

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOWN = "[...document.querySelectorAll('.card')].filter(card => !card.hidden).map(card => card.id)"


@pytest.fixture(scope="session")
def chromium():
    """A browser for all tests."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page is NOT TESTED")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium): the page is NOT TESTED in a browser")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, page):
    """Opens the page; whatever it asks for, or complains about, fails the test."""
    contexts, complaints = [], []

    def go(fragment="", width=1440, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        wanted = page.as_uri()
        tab.on("request", lambda one: complaints.append(one.url) if not one.url.startswith((wanted, "data:")) else None)
        tab.goto(f"{wanted}#{fragment}" if fragment else wanted)
        return tab

    yield go
    for context in contexts:
        context.close()
    assert not complaints


def scroll_through(tab):
    """To every figure that is not folded away, as a reader would; waits until it is drawn."""
    for figure in tab.locator(".chart:visible").all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg").first.wait_for()


def test_every_figure_is_drawn_when_it_comes_into_view(visit):
    tab = visit()
    everything = tab.locator(".chart:visible").count()
    assert tab.locator(".chart svg").count() < everything
    scroll_through(tab)
    assert tab.locator(".chart:visible svg").count() == everything >= 4
    tab.locator("#A06 .more summary").click()
    tab.locator("#A06 .more .chart").scroll_into_view_if_needed()
    tab.locator("#A06 .more .chart svg").first.wait_for()


def test_filters_search_sorting_and_the_way_back(visit):
    tab = visit()
    assert tab.evaluate(SHOWN) == ["A06", "B08", "own-grid"]
    tab.get_by_label("Verdict").select_option("conditional")
    assert tab.evaluate(SHOWN) == ["B08"]
    assert tab.evaluate("location.hash") == "#verdict=conditional"
    assert tab.locator("output").text_content() == "1 of 3 shown"
    tab.get_by_label("Family").select_option("convex")
    assert tab.evaluate(SHOWN) == []
    assert tab.get_by_text("No study matches").is_visible()
    tab.go_back()
    assert tab.evaluate(SHOWN) == ["B08"]
    assert tab.get_by_label("Family").input_value() == ""
    tab.get_by_role("button", name="Clear").click()
    assert len(tab.evaluate(SHOWN)) == 3
    tab.get_by_label("Search").fill("normalised FEATURES")
    assert tab.evaluate(SHOWN) == ["A06"]
    tab.get_by_label("Search").fill("")
    tab.get_by_label("Sort by").select_option("runs")
    assert tab.evaluate(SHOWN) == ["B08", "own-grid", "A06"]
    tab.get_by_label("Sort by").select_option("news")
    assert tab.evaluate(SHOWN)[0] == "B08"


def test_an_address_leads_to_its_card_and_filters(visit):
    tab = visit("B08&family=convex&sort=title")
    assert set(tab.evaluate(SHOWN)) == {"A06", "B08"}  # what was asked for by name is there in any case
    assert tab.evaluate("document.activeElement.id") == "B08"
    assert tab.get_by_label("Family").input_value() == "convex"
    assert tab.locator("#B08").evaluate("card => Math.abs(card.getBoundingClientRect().top) < innerHeight / 2")
    tab.locator(".map").get_by_role("link", name="A06").click()
    assert tab.evaluate("location.hash") == "#A06&family=convex&sort=title"
    assert tab.evaluate("document.activeElement.id") == "A06"


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_light_and_dark_follow_the_system_and_the_switch(visit, scheme, other):
    tab = visit(color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(ground)
    tab.get_by_role("button", name=f"{other} page").click()
    assert tab.evaluate(ground) != before
    assert tab.evaluate("location.hash") == f"#theme={other}"
    tab.reload()
    assert tab.evaluate(ground) != before


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_wider_than_the_window(visit, width):
    tab = visit(width=width)
    for summary in tab.locator("summary").all():
        summary.evaluate("summary => summary.parentElement.open = true")
    scroll_through(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    fits = "one => one.clientWidth <= one.closest('.chart').clientWidth"
    assert tab.evaluate(f"[...document.querySelectorAll('.chart svg')].every({fits})")


def test_a_hostile_name_is_shown_and_does_nothing(visit, hostile):
    tab = visit()
    scroll_through(tab)
    assert tab.evaluate("window.PWNED") is None
    assert hostile.split("{{")[0].strip() in tab.locator("#own-grid").text_content()
    assert tab.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(visit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: NOT TESTED").Axe()
    tab = visit(color_scheme=scheme)
    for summary in tab.locator("summary").all():
        summary.evaluate("summary => summary.parentElement.open = true")
    scroll_through(tab)
    found = [one for one in axe.run(tab).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not [(one["id"], one["nodes"][0]["html"][:200], len(one["nodes"])) for one in found]


def test_without_scripts_there_are_pictures_and_no_empty_controls(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("#A06 .picture img").is_visible()
    assert tab.locator("#A06 .picture img").evaluate("image => image.naturalWidth") > 300
    tops = tab.locator(".map .picture")
    assert tops.locator("img").count() == tops.count() >= 2
    assert not tab.locator("#filter").is_visible()
    assert not tab.locator("#theme").is_visible()


def test_printing_draws_every_figure_and_opens_no_fold(visit):
    tab = visit()
    assert len(tab.pdf()) > 10_000
    assert tab.locator(".card > .picture .chart:not(.drawn)").count() == 0
    assert tab.locator(".more[open]").count() == 0


def test_a_print_is_light_without_controls_and_keeps_cards_whole(visit):
    tab = visit("theme=dark", width=680)  # the width of A4 between its margins
    scroll_through(tab)
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("#filter", "#theme", ".save", ".vega-bindings", "summary", ".skip"):
        assert tab.locator(f"{control}:visible").count() == 0, control
    for card in (tab.locator("#A06"), tab.locator("#B08")):
        assert card.evaluate("card => getComputedStyle(card).breakInside") == "avoid"
        assert card.evaluate("card => card.offsetHeight") < 1000  # which one page holds
    assert tab.locator(".map .picture:visible").count() <= 1  # what is folded stays so
