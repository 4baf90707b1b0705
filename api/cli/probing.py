"""Probing a service and keeping what was learnt."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from urllib.parse import urlsplit

import typer
from rich.table import Table
from rich.text import Text

from api.cli.exits import CommandError, ServerUnreachable, ServiceRefuses, UsageProblem
from api.cli.output.printing import note, put, put_json, put_styled
from api.cli.polling import LOCAL_KEY_REFUSED
from realtime.protocol.errors import KeyRefused, NetworkFault, RealtimeError, ServiceRefused
from worker.hints import message_of
from worker.plain_text import shown_line
from worker.probing.findings import UNLIMITED, ArchiveEstimate, Finding, Question, estimate, warnings
from worker.probing.probe import Probe, ProbeReport
from worker.probing.subject import ProbePlan
from worker.services.catalogue import BUILT_IN, Service
from worker.services.file import change_entry
from worker.services.lookup import Services
from worker.settings import Settings

VERDICTS = {True: "yes", False: "no", None: "not tried"}
LABELS = {
    Question.PACE: "{:g} times real time",
    Question.IDLE: "idle for {:g} s",
    Question.SESSIONS: "{:g} sessions at once",
}
DETAILS = {Question.IDLE: "open for {:.0f} s, then {}", Question.SESSIONS: "{:g} answered, {}"}


def agree(settings: Settings, service: Service, plan: ProbePlan, *, yes: bool) -> None:
    """Say what it costs and ask whether to go on; raises CommandError where not."""
    price = _usd_per_s(settings, service)
    cost = "unknown price" if price is None else money_words(price * plan.budget_s)
    offer = f"Up to {plan.budget_s:g} s of made-up speech go to {service.name} ({_place(service)}): {cost}."
    if not yes and not sys.stdin.isatty():
        raise UsageProblem(f"{offer} To go on without being asked, give --yes.")
    note(offer)
    if not yes and not typer.confirm("Go on?", err=True):
        raise CommandError("Nothing was sent.")


def learn(settings: Settings, service: Service, plan: ProbePlan, *, hours: float, as_json: bool) -> None:
    """Probe, say what was found, and write it down."""
    report = _probed(service, plan)
    path = settings.resolved_services_file
    price = _usd_per_s(settings, service)  # what was found is said before a file that cannot be written
    _say_json(report, service, price, hours) if as_json else _say(report, price, hours)
    change_entry(path, service.name, asdict(report.recommendation), if_new=_address(service))
    note(f"Written to {path}: workers take it up when they are started again.")
    if settings.pace is not None or settings.sessions is not None:
        note("LONGHAND_PACE and LONGHAND_SESSIONS are set, and stand over what was written.")


def _probed(service: Service, plan: ProbePlan) -> ProbeReport:
    """Run it; raises what becomes an exit code where the service refuses or is not there."""
    probe = Probe(service, plan, lambda question: note(f"trying: {question.value}"))
    try:
        return probe.run()
    except (KeyboardInterrupt, RealtimeError) as error:
        note(f"{probe.sent_s:.0f} s of speech were sent; nothing was written.")
        raise _as_exit(error, service) from error


def _as_exit(error: BaseException, service: Service) -> BaseException:
    match error:
        case KeyRefused() if service.name == "local":
            return ServiceRefuses(LOCAL_KEY_REFUSED)
        case ServiceRefused():
            return ServiceRefuses(message_of(error))
        case NetworkFault() if service.name == "local":
            return ServerUnreachable(
                f"The local service does not answer at {_place(service)}: start `longhand recognizer`, "
                "or set LONGHAND_LOCAL_URL to where it is."
            )
        case NetworkFault():
            return ServerUnreachable(message_of(error))
        case _:
            return error


def _place(service: Service) -> str:
    """Without what may be secret in a URL."""
    parts = urlsplit(service.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _address(service: Service) -> dict[str, str]:
    """What a new table needs to be a service: nothing where its name is built in."""
    if service.name in {one.name for one in BUILT_IN}:
        return {}
    return {"url": service.url, "model": service.model}


def _usd_per_s(settings: Settings, service: Service) -> float | None:
    price = Services(settings).price(service, service.model)
    return None if price is None else price.usd_per_second


def _say(report: ProbeReport, price: float | None, hours: float) -> None:
    put_styled(table_of(report.findings))
    put("")
    for line in warnings(report.findings):
        put(line)
    spent = "" if price is None else f", {money_words(price * report.sent_s)}"
    put("Recommended: " + ", ".join(f"{name} = {value:g}" for name, value in asdict(report.recommendation).items()))
    put(_archive_line(estimate(hours, report.findings, price)))
    put(f"Sent: {report.sent_s:.0f} s of speech{spent}.")


def _say_json(report: ProbeReport, service: Service, price: float | None, hours: float) -> None:
    for finding in report.findings:
        put_json({**asdict(finding), "question": finding.question.name.lower()})
    taken = estimate(hours, report.findings, price)
    put_json(
        {
            "service": service.name,
            "recommended": asdict(report.recommendation),
            "archive": asdict(taken) if taken else None,
            "warnings": warnings(report.findings),
            "sent_s": report.sent_s,
        }
    )


def table_of(findings: Iterable[Finding]) -> Table:
    table = Table("", "", "what was seen", box=None, pad_edge=False)
    for finding in findings:
        label, detail = finding.question.value, finding.detail
        if finding.asked is not None:
            label = LABELS.get(finding.question, label).format(finding.asked)
        if finding.question is Question.PACE and finding.asked == UNLIMITED:
            label = "no limit of pace"
        if finding.holds is False and finding.found is not None:
            detail = DETAILS.get(finding.question, "{1}").format(finding.found, detail)
        # Text, not markup: a service's own words stand in the details.
        table.add_row(*(Text(shown_line(cell)) for cell in (label, VERDICTS[finding.holds], detail)))
    return table


def _archive_line(taken: ArchiveEstimate | None) -> str:
    if taken is None:
        return "No pace was measured: how long an archive takes cannot be said."
    money = "at a price that is not known here" if taken.usd is None else money_words(taken.usd)
    return f"{taken.archive_hours:g} hours of speech: about {_time(taken.hours)}, {money}. Silence is not sent."


def money_words(usd: float) -> str:
    """USD with as many digits as matter."""
    if usd == 0:
        return "free of charge"
    return f"at most {usd:,.2f} USD" if usd >= 1 else f"at most {usd:.4f} USD"


def _time(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
