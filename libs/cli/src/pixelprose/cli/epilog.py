"""What stands below the options of each command: examples, what it needs, what comes next."""

from rich.markup import escape

EXAMPLES = "Examples:"
NEEDS = "Needs: "
NEXT = "Next: "


def epilog(*examples: str, needs: str = "", then: str = "") -> str:
    """Return the text; in rich's markup."""
    lines = [f"[bold]{EXAMPLES}[/]", *(f"[cyan]{escape(example)}[/]" for example in examples)]
    if needs:
        lines.append(f"[bold]{NEEDS}[/]{escape(needs)}")
    if then:
        lines.append(f"[bold]{NEXT}[/]{escape(then)}")
    return "\n".join(lines)
