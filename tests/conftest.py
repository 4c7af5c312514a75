"""What holds for every test: no example of a property fails for being slow on a busy machine."""

import hypothesis

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
