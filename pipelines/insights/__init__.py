"""What can be said about an area in a month: candidates, where changes come from, and the words."""
