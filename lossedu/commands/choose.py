"""``lossedu choose``: questions that lead to a loss."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossedu.commands.errors import one_line, refused

if TYPE_CHECKING:
    from lossedu.choosing import Leaf, Question, Tree, Walk
    from lossedu.commands.drilling.terminal import Terminal

BACK, QUIT = "back", "quit"


def choose(
    answers: Annotated[
        list[str] | None,
        typer.Argument(help="Answers known already: words or numbers.", show_default=False),
    ] = None,
    outline: Annotated[bool, typer.Option("--outline", help="Print the whole tree.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the loss, or the next question, as JSON.")
    ] = False,
) -> None:
    """Ask what is wanted, question by question, and name the loss for it.

    An answer is a number or a word; `back` takes the last one back, `quit` ends.
    """
    from lossedu.choosing import tree, walk

    with one_line():
        walked = walk(answers or [])
    if as_json:
        record = _tree_record(tree()) if outline else _record(walked)
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return
    from lossedu.commands.drilling.terminal import Terminal

    terminal = Terminal()
    if outline:
        _show_outline(terminal, tree())
        return
    leaf = _asked(terminal, walked)
    if leaf is not None:
        _show_leaf(terminal, leaf)


def _asked(terminal: "Terminal", walked: "Walk") -> "Leaf | None":
    """The leaf that is reached by asking on; None if somebody has left."""
    from lossedu.choosing import Leaf, walk
    from lossedu.commands.drilling.terminal import LeftError

    for question, answer in walked.steps:
        terminal.write(f"{question.text} {answer.text}.", "dim")
    while not isinstance(walked.reached, Leaf):
        _show_question(terminal, walked.reached)
        try:
            typed = terminal.ask_raw("> ").strip()
        except LeftError:
            refused(f"answers must lead to a loss, but end at: {walked.reached.text}")
        if typed.lower() == QUIT:
            return None
        if typed.lower() == BACK:
            walked = walk(walked.answers[:-1])
        elif typed:
            walked = _after(terminal, walked, typed)
    return walked.reached


def _after(terminal: "Terminal", walked: "Walk", typed: str) -> "Walk":
    """One answer further, or where we were if there is no such answer."""
    from lossedu.choosing import walk

    try:
        return walk([*walked.answers, typed])
    except ValueError as error:
        terminal.line(str(error))
        return walked


def _show_question(terminal: "Terminal", question: "Question") -> None:
    terminal.rule(question.text)
    if question.hint:
        terminal.write(question.hint, "dim")
    numbers = [str(number) for number in range(1, len(question.answers) + 1)]
    terminal.items(numbers, [answer.text for answer in question.answers])


def _show_leaf(terminal: "Terminal", leaf: "Leaf") -> None:
    from lossedu import catalog

    terminal.rule(leaf.title)
    terminal.write(leaf.why)
    terminal.line()
    terminal.write(f"When not: {leaf.unless}")
    terminal.line()
    for name in leaf.losses:
        spec = catalog.spec(name)
        terminal.line(name, "bold")
        terminal.write(f"estimates: {spec.estimand}", indent="  ")
        terminal.line(f"  chapter: {spec.chapter}")
        terminal.line(f"  all of it: lossedu losses {spec.function.__name__}")
    terminal.line()
    terminal.lines(f"    {line}".rstrip() for line in leaf.code.splitlines())


def _show_outline(terminal: "Terminal", tree: "Tree", name: str = "", lead: str = "") -> None:
    """A question, and under each answer the next one, or the losses that it leads to."""
    from lossedu.choosing import Leaf

    question = tree.questions[name] if name else tree.first
    terminal.write(question.text, "bold", indent=lead)
    for answer in question.answers:
        terminal.write(f"{answer.slug}: {answer.text}", indent=f"{lead}  ", first=f"{lead}- ")
        reached = tree.after(answer)
        if isinstance(reached, Leaf):
            for loss in reached.losses:
                terminal.line(f"{lead}    → {loss}", "cyan")
        else:
            _show_outline(terminal, tree, reached.name, f"{lead}    ")


def _record(walked: "Walk") -> dict[str, Any]:
    """Where the answers lead."""
    from lossedu.choosing import Leaf

    reached = walked.reached
    key, record = (
        ("leaf", _leaf_record(reached, properties=True))
        if isinstance(reached, Leaf)
        else ("question", _question_record(reached))
    )
    return {"answers": walked.answers, key: record}


def _question_record(question: "Question") -> dict[str, Any]:
    answers = [{"slug": answer.slug, "text": answer.text} for answer in question.answers]
    return {
        "name": question.name,
        "text": question.text,
        "hint": question.hint,
        "answers": answers,
    }


def _leaf_record(leaf: "Leaf", *, properties: bool = False) -> dict[str, Any]:
    from dataclasses import asdict

    record = asdict(leaf)
    if properties:
        from lossedu import catalog

        specs = [catalog.spec(name) for name in leaf.losses]
        record["losses"] = [
            {
                "name": spec.name,
                "title": spec.title,
                "chapter": spec.chapter,
                "estimand": spec.estimand,
                "noise_model": spec.noise_model,
            }
            for spec in specs
        ]
    return record


def _tree_record(tree: "Tree") -> dict[str, Any]:
    """The whole tree: each leaf with the answers that lead to it."""
    leaves = [
        {"answers": [answer.slug for _, answer in path], **_leaf_record(leaf)}
        for path, leaf in tree.paths()
    ]
    questions = [_question_record(question) for question in tree.questions.values()]
    return {"questions": questions, "leaves": leaves, "left_out": dict(tree.left_out)}
