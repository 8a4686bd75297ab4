"""Submissions, sealed labels, scoring and the page that shows them."""
