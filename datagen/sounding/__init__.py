"""Pictures of homes with objects that can sound: models, where they stand, what shows of them, what they sound like."""
