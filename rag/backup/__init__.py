"""A home in one file, and back: `source-finder backup` and `source-finder restore`."""

from rag.backup.home import BackupReport, RestoreReport, back_up, check_backup, restore

__all__ = ["BackupReport", "RestoreReport", "back_up", "check_backup", "restore"]
