"""Pictures of a scene: its surfaces as the ray caster reads them, texture filtering and the loops over pixels."""
