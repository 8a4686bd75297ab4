"""What each generated page of the site says, as Markdown."""
