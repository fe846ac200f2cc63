"""Easy tables: are they exported, and are wrong answers on new rows unsure?"""
