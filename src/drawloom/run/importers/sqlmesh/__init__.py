"""Projects of SQLMesh."""
