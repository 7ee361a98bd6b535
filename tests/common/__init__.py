"""What several files of tests share: data, and other ways to the same answer."""
