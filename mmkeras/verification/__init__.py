"""Does every artefact answer as the trained model does?"""
