"""Those who watch a fit: scikit-learn's callbacks, and the lines that ``verbose`` prints."""

import numpy as np


class FitTask:
    """A fit as scikit-learn's callbacks see it: one subtask per iteration on all rows.

    The subtask that is open when the solver returns belongs to an iteration that was never run; it
    is ended empty, so that every beginning has its end.
    """

    def __init__(self, estimator, problem, sample_weight, start):
        self._estimator = estimator
        # an offset is left out: scorers would be handed it, and take none
        self._shared = {
            "estimator": estimator,
            "X": problem.X,
            "y": problem.labels,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self._fitted = {
            "classes_": problem.classes,
            "n_features_in_": problem.X.shape[1],
            "n_iter_": np.zeros(1, dtype=np.int32),
        }
        if problem.feature_names is not None:
            self._fitted["feature_names_in_"] = problem.feature_names
        self._dtype = problem.X.dtype
        K, p = problem.n_classes, problem.X.shape[1]
        fits = K if estimator._one_vs_rest(problem.classes) else 1
        self._root = estimator._init_callback_context(
            max_subtasks=fits * max(estimator.max_iter, 1) + 1
        )
        self._root.call_on_fit_task_begin(**self._shared)
        self._coef, self._intercept = start or (
            (np.zeros(p), 0.0) if K == 2 else (np.zeros((K, p)), np.zeros(K))
        )
        self._n_iter = 0
        self._begin()

    def __call__(self, info):
        """End one iteration and begin the next; True if a callback asks to stop."""
        self._coef, self._intercept, self._n_iter = info.coef, info.intercept, info.n_iter
        stop = self._end()
        self._begin()
        return stop

    def close(self):
        """End the iteration that was begun and never run."""
        if self._n_iter == 0:  # nothing was iterated: the starting point counts as one task
            self._end()
            self._begin()
        self._iteration.call_on_fit_task_end(estimator=self._estimator)

    def finish(self):
        """End the task of the whole fit; the estimator is fitted by now."""
        self._root.call_on_fit_task_end(**self._shared, reconstruction_attributes={})

    def _begin(self):
        self._iteration = self._root.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(
            **self._shared, reconstruction_attributes=self._attributes
        )

    def _end(self):
        return self._iteration.call_on_fit_task_end(
            **self._shared, reconstruction_attributes=self._attributes
        )

    def _attributes(self):
        """What makes a copy of the estimator predict as if the fit had stopped here."""
        return {
            **self._fitted,
            "coef_": np.array(self._coef, dtype=self._dtype, ndmin=2),
            "intercept_": np.array(self._intercept, dtype=self._dtype, ndmin=1),
            "n_iter_": np.array([self._n_iter], dtype=np.int32),
        }


def print_iteration(info):
    """One line per iteration on all rows."""
    print(f"iteration {info.n_iter:3d}  objective {info.objective:.12g}  gap {info.gap:.1e}")


def both(first, second):
    """The callback that calls both, in order; stops if either asks to."""

    def call(info):
        stop = bool(first(info))
        return bool(second(info)) or stop

    return call
