"""Pictures: one file each; matplotlib is imported only where one is drawn."""
