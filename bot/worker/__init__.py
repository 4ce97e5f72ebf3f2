"""Checks of what strangers made, in processes of their own: `lanes` owns them, `__main__` is what runs in one."""
