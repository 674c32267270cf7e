// Sources/Sandbox/Shim and /Bubblewrap are written by another engineer, see NOTICE.md
