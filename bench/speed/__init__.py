"""Two checkouts or two configurations, timed in turn."""
