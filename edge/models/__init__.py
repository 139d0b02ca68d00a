"""The bundled models: NAME.tflite, and NAME.json, its manifest (see edge.manifest)."""
