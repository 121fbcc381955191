"""The textbooks, in reading order. `python -m demos` lists them; `python -m demos apples` runs one."""
