"""The one place that sets up JAX: one XLA host device per core, float64 allowed, nothing at import."""

import os
import warnings

from bench.errors import InputError


def configure(platform: str | None = None, devices: int | None = None, cache: str | None = None) -> list:
    """Configures JAX and returns the devices that lanes are spread over.

    Args:
        platform: `cpu`, `gpu` or `tpu`; None takes what JAX finds.
        devices: how many devices to use; None takes all, which on a CPU is one per available core.
        cache: folder of the persistent compilation cache, or None for no cache.

    Returns:
        JAX devices.

    Raises:
        InputError: the platform is not there, or has fewer devices.
    """
    import jax

    backend_up = False
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_rank_promotion", "raise")
    try:
        jax.config.update("jax_num_cpu_devices", max(cores, devices or 1))
    except RuntimeError:  # a backend is up already: its devices are what there is
        backend_up = True
    if cache:
        jax.config.update("jax_compilation_cache_dir", cache)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    try:
        found = jax.devices(platform)
    except RuntimeError as error:
        raise InputError(f"platform {platform!r} is not available here: {str(error).splitlines()[0]}") from None
    if backend_up and devices and len(found) < devices:
        warnings.warn(f"JAX was already running with {len(found)} devices; using them", stacklevel=2)
        return found
    if devices and len(found) < devices:
        raise InputError(f"--devices {devices}: {found[0].platform} has {len(found)}.")
    return found[: devices or len(found)]
