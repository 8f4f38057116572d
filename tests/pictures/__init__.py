"""The viewer's pictures in docs/viewer: taken of the real service, compared with what is kept."""
