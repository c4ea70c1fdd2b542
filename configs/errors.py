"""What tells an error that a person can mend from a defect of ours."""


class UserError(ValueError):
    """Something that a person can mend: one line that names it and the remedy.

    Everything else that is raised is a defect and keeps its traceback. A class of its own
    stands only where somebody catches it by name, or where it says more than its words.
    """

    exit_code = 2  # what a command ends with
