"""The picture of a cross-validation: scores against the strength of the penalty, with errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes


class CVDisplay:
    """Mean scores over the folds with standard errors, the best alpha and the one of one error.

    Made by `from_estimator`.

    Parameters
    ----------
    alphas : ndarray of shape (k,)
        Strengths of the penalty, above 0.
    scores : ndarray of shape (n_folds, k)
        Scores on the held-out rows.
    alpha_min : float, default=None
        The strength of the best mean score.
    alpha_1se : float, default=None
        The strongest penalty within one standard error of it.
    ylabel : str, default="score on held-out rows"
        What the scores are.

    Attributes
    ----------
    mean_, error_ : ndarray of shape (k,)
        Means over the folds and their standard errors (standard deviation with n_folds - 1, divided
        by the root of n_folds; zero for a single fold).
    ax_, figure_
        matplotlib's axes and figure.
    errorbar_ : matplotlib.container.ErrorbarContainer
        The means and their error bars.
    min_line_, one_se_line_ : matplotlib.lines.Line2D or None
        Vertical lines at the two strengths.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), Classification and Regression Trees,
    section 3.4.3: the rule of one standard error.

    Examples
    --------
    >>> from fastlogreg import LogisticRegressionCV
    >>> from fastlogreg.displays import CVDisplay
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegressionCV(
    ...     Cs="path", l1_ratios=(1,), standardize=True, scoring="neg_log_loss",
    ...     use_legacy_attributes=False,
    ... ).fit(X, y)
    >>> display = CVDisplay.from_estimator(model)
    >>> display.alpha_1se >= display.alpha_min, display.mean_.shape == model.alphas_.shape
    (True, True)
    """

    def __init__(
        self, alphas, scores, *, alpha_min=None, alpha_1se=None, ylabel="score on held-out rows"
    ):
        self.alphas = style.as_numbers(alphas, "alphas")
        self.scores = style.as_numbers(scores, "scores", 2)
        if self.scores.shape[1] != len(self.alphas):
            raise ValueError(
                f"scores must have a column for each of {len(self.alphas)} alphas, got shape "
                f"{self.scores.shape}"
            )
        if not (self.alphas > 0).all():
            raise ValueError("alphas must be above 0: no penalty has no place on a log axis")
        self.alpha_min, self.alpha_1se, self.ylabel = alpha_min, alpha_1se, ylabel

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, l1_ratio: float | None = None, ax: Axes | None = None,
    ) -> Self:  # fmt: skip
        """Draw a fitted `fastlogreg.LogisticRegressionCV`.

        Strengths of zero (C infinite), which have no place on a logarithmic axis, are left out.

        Parameters
        ----------
        estimator : LogisticRegressionCV
            Fitted.
        l1_ratio : float, default=None
            Which of the l1_ratios tried; None for the best over all folds.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        CVDisplay

        Raises
        ------
        ValueError
            If the estimator is not fitted or of another kind, or that l1_ratio was not tried.
        ImportError
            If matplotlib is not installed.
        """
        for name in ("alphas_", "scores_", "alpha_1se_", "l1_ratios_"):
            if not hasattr(estimator, name):
                raise ValueError(
                    f"estimator must be a fitted fastlogreg.LogisticRegressionCV; "
                    f"{type(estimator).__name__} has no {name}"
                )
        scores = _scores_of(estimator)
        best = np.unravel_index(scores.mean(axis=0).argmax(), scores.shape[1:])[0]
        chosen = best if l1_ratio is None else _place_of(l1_ratio, estimator.l1_ratios_)
        shown = estimator.alphas_ > 0
        if not shown.any():
            raise ValueError("none of the alphas tried is above 0: there is nothing to draw")
        own = chosen == best  # the two strengths belong to the best l1_ratio
        return cls(
            estimator.alphas_[shown], scores[:, chosen, shown],
            alpha_min=estimator.alpha_ if own else None,
            alpha_1se=estimator.alpha_1se_ if own else None, ylabel=_label(estimator.scoring),
        ).plot(ax)  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it, strong penalties at the left.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        CVDisplay
            Itself.
        """
        self.ax_ = ax = style.open_axes("CVDisplay", ax)
        self.figure_ = ax.figure
        n_folds = len(self.scores)
        self.mean_ = self.scores.mean(axis=0)
        spread = self.scores.std(axis=0, ddof=1) if n_folds > 1 else np.zeros(len(self.mean_))
        self.error_ = spread / np.sqrt(n_folds)
        order = np.argsort(-self.alphas, kind="stable")
        self.errorbar_ = ax.errorbar(
            self.alphas[order], self.mean_[order], yerr=self.error_[order], color=style.BLUE,
            ecolor=style.SKY, elinewidth=1.2, capsize=2.0, marker="o", markersize=3.5,
            linewidth=1.2, label=f"mean of {n_folds} folds ± standard error",
        )  # fmt: skip
        ax.set_xscale("log")
        if self.alphas.min() < self.alphas.max():
            margin = (self.alphas.max() / self.alphas.min()) ** 0.02
            ax.set_xlim(self.alphas.max() * margin, self.alphas.min() / margin)
        self.min_line_ = self._mark(self.alpha_min, "alpha_min", style.VERMILION, "-")
        self.one_se_line_ = self._mark(self.alpha_1se, "alpha_1se", style.BLACK, "--")
        ax.set_xlabel("alpha (strength of the penalty)")
        ax.set_ylabel(self.ylabel)
        style.legend(ax)
        return self

    def _mark(self, alpha, name, color, linestyle):
        if alpha is None or not alpha > 0:
            return None
        return self.ax_.axvline(
            alpha, color=color, linestyle=linestyle, linewidth=1.4, label=f"{name} = {alpha:.2g}"
        )


def _scores_of(estimator):
    """Scores as (n_folds, n_l1_ratios, n_alphas), from either shape of the attribute."""
    scores = estimator.scores_
    if not isinstance(scores, dict):
        return scores
    scores = next(iter(scores.values()))  # each class holds a copy of them
    return scores[:, None] if scores.ndim == 2 else scores.swapaxes(1, 2)


def _place_of(l1_ratio, tried):
    places = [r for r, value in enumerate(tried) if (value or 0.0) == l1_ratio]
    if not places:
        raise ValueError(f"l1_ratio must be one of those tried, {list(tried)}, got {l1_ratio!r}")
    return places[0]


def _label(scoring):
    """What an estimator's scores are, in words."""
    if scoring in (None, "warn", "accuracy"):
        return "accuracy on held-out rows"
    if scoring == "neg_log_loss":
        return "minus log loss on held-out rows (nats)"
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    return f"{name} on held-out rows"
