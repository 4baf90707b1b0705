"""A probe from its first segment to what it recommends."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.probing.findings import Finding, Question, Recommendation, recommend
from worker.probing.subject import AudioBudget, BudgetSpent, ProbePlan, Subject
from worker.probing.trials import TRIALS, Trial
from worker.services.catalogue import Service


@dataclass(frozen=True)
class ProbeReport:
    """All that was found; ``sent_s`` seconds of audio were sent for it."""

    findings: tuple[Finding, ...]
    recommendation: Recommendation
    sent_s: float


class Probe:
    """One probe of one service. ``on_question`` hears what is tried next."""

    def __init__(self, service: Service, plan: ProbePlan, on_question: Callable[[Question], None]) -> None:
        self._service = service
        self._plan = plan
        self._budget = AudioBudget(plan.budget_s)
        self._subject = Subject(service, plan, self._budget)
        self._on_question = on_question
        self._findings: list[Finding] = []

    @property
    def sent_s(self) -> float:
        """Seconds of audio that were sent so far."""
        return self._budget.sent_s

    def run(self) -> ProbeReport:
        """Ask every question. Raises RealtimeError where the service refuses all, or cannot be reached any more."""
        for question, trial in TRIALS:
            self._on_question(question)
            self._ask(question, trial)
        found = recommend(self._findings, self._service, depth=self._plan.depth)
        return ProbeReport(tuple(self._findings), found, self._budget.sent_s)

    def _ask(self, question: Question, trial: Trial) -> None:
        try:
            for finding in trial(self._subject, tuple(self._findings)):
                self._findings.append(finding)
        except BudgetSpent:
            untried = Finding(question=question, holds=None, detail="the audio that may be sent is used up")
            self._findings.append(untried)
