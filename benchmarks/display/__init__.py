"""Text tables, pictures, sounds and pages."""
