"""How things are shown: text tables, pictures, sounds, pages."""
