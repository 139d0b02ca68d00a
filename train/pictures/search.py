"""Bayesian search for a recipe's settings, by Optuna: with a budget, and resumable.

Every trial is written to OUT/search.journal, from which a killed search goes on; the trial that was
running when it was killed is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from tqdm import tqdm

from edge.errors import UsageError
from train.report import plots
from train.report.document import Block, Picture, Table, Text

JOURNAL = "search.journal"


def search(
    objective: Callable[[optuna.Trial], float],
    out: Path,
    *,
    of: str,
    trials: int,
    minutes: float,
    seed: int,
    resume: bool,
) -> optuna.Study:
    """Searches for the settings with the highest objective; returns Optuna's study.

    of: what is searched for, as a text; trials for another text are not counted. trials: how many
    there are to be in all. minutes: no trial begins after so long; 0: no limit. resume: trials of
    earlier runs count.
    Source of the sampler: Bergstra et al. 2011, the tree-structured Parzen estimator.
    """
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not resume:
            (out / JOURNAL).unlink(missing_ok=True)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(out / JOURNAL))),
            study_name=of,
            direction="maximize",
            load_if_exists=True,
        )
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{out / JOURNAL} cannot be used ({error}); leave out --resume") from error
    done = len(_complete(study))
    # The seed goes on from where the trials are, so that a resumed search repeats no trial.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    left = max(0, trials - done)
    with tqdm(total=trials, initial=done, unit="trial", desc="search", disable=None) as bar:
        study.optimize(
            objective,
            n_trials=left,
            timeout=60 * minutes or None,
            callbacks=[lambda study, trial: _show_best(bar, study)],
        )
    if not _complete(study):
        raise UsageError("the search ended before its first trial did; give it more --minutes")
    return study


def report(study: optuna.Study) -> list[Block]:
    """Returns the part of a report about a search: all trials, and which settings mattered."""
    trials = _complete(study)
    names = sorted({name for trial in trials for name in trial.params})
    values = [float(trial.value or 0) for trial in trials]
    rows = [
        [str(trial.number), f"{100 * value:.1f} %", *(_short(trial.params[n]) for n in names)]
        for trial, value in sorted(zip(trials, values, strict=True), key=lambda item: -item[1])
    ]
    blocks: list[Block] = [
        Text("The search for settings", 2),
        Text(
            f"{len(trials)} trials; the best on validation pictures: **{100 * max(values):.1f} %**."
        ),
        Picture(plots.trials(values), "Each trial, and the best so far"),
        Table(["trial", "validation accuracy", *names], rows),
    ]  # fmt: skip
    if len(trials) >= 4 and len(set(values)) > 1:
        weights = optuna.importance.get_param_importances(study)
        parts = ", ".join(f"{name} {100 * weight:.0f} %" for name, weight in weights.items())
        blocks.append(Text(f"How much of the difference each setting explains (fANOVA): {parts}."))
    return blocks


def _complete(study: optuna.Study) -> list[Any]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _show_best(bar: Any, study: optuna.Study) -> None:
    bar.set_postfix_str(f"best {100 * study.best_value:.1f} %")
    bar.update()


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
