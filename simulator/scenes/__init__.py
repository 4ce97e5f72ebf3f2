"""The scenes of the story: who does what, and what they wait to see before the scene counts as played."""
