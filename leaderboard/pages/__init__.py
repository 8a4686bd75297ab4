"""The pages of a leaderboard, drawn from standings alone: served live or written as files."""
