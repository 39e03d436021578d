"""From a file in the drop folder to typed, validated rows in landing."""
