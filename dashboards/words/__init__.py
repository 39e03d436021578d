"""The words of the pages, a file a page; each maps a key to its words in Chinese and in English."""
