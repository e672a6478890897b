"""Programs trained by several processes of this host, each with its own cores or devices, watched and restarted."""

from bench.workers.child import Work
from bench.workers.parcel import packed
from bench.workers.pool import Workers
from bench.workers.shares import shares

__all__ = ["Work", "Workers", "packed", "shares"]
