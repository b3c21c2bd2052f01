"""Walking the decision tree with the answers of a person or a script."""

from collections.abc import Sequence
from dataclasses import dataclass

from lossedu.choosing.tree import Answer, Leaf, Question, tree
from lossedu.names import unknown_name


@dataclass(frozen=True)
class Walk:
    """How far some answers lead.

    Attributes:
        steps: The questions answered, with their answers.
        reached: The next question, or the leaf.
    """

    steps: tuple[tuple[Question, Answer], ...]
    reached: Question | Leaf

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers as a script gives them."""
        return tuple(answer.slug for _, answer in self.steps)


def walk(answers: Sequence[str] = ()) -> Walk:
    """Follow answers from the first question.

    Args:
        answers: For each question the slug of an answer, or its number from 1.

    Returns:
        Where they lead.

    Raises:
        ValueError: If a question has no such answer, or answers are left over.

    Example:
        >>> walk(["number", "median"]).reached.losses
        ('l1_loss',)
        >>> walk(["probability"]).reached.text
        'What can be true at the same time?'
    """
    steps: list[tuple[Question, Answer]] = []
    reached: Question | Leaf = tree().first
    for typed in answers:
        if isinstance(reached, Leaf):
            raise ValueError(
                f"answers must end where a loss is reached ({reached.losses[0]}), but go on with "
                f"{typed!r}."
            )
        answer = chosen(reached, typed)
        steps.append((reached, answer))
        reached = tree().after(answer)
    return Walk(tuple(steps), reached)


def chosen(question: Question, typed: str) -> Answer:
    """The answer that somebody typed: its slug, or its number.

    Raises:
        ValueError: If there is no such answer.
    """
    slugs = [answer.slug for answer in question.answers]
    word = typed.strip().lower().rstrip(").")
    numbers = [str(number) for number in range(1, len(slugs) + 1)]
    for names in (slugs, numbers):
        if word in names:
            return question.answers[names.index(word)]
    rule = f"be a number from 1 to {len(slugs)} or one of"
    raise ValueError(unknown_name("answer", typed.strip(), slugs, rule=rule))
