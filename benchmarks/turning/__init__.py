"""What methods see and hear of a head that turns, and how that is shown."""
