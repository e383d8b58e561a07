"""An arm of two parts: a teacher learns from few labels, a student from what the teacher says about all images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnfromscratch.data import Dataset
from nnfromscratch.semi.arm import Outcome, Steps, Task, TimeStep
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.network_arm import Classifier, outcome_of, steps_of, train_part


@dataclass(frozen=True)
class StudentArm:
    """A teacher, a student, and the share of the time that the student has.

    The student's labels are the teacher's answers, right or wrong.
    """

    teacher: Method
    student: Method
    share: float = 0.2

    def plan(self, task: Task, seconds: float, time_step: TimeStep, /) -> Steps:
        """The steps of both that fit into so many seconds."""
        return {
            "teacher": steps_of(self.teacher, task.data, (1 - self.share) * seconds, time_step),
            "student": steps_of(self.student, task.data, self.share * seconds, time_step),
        }

    def run(self, task: Task, steps: Mapping[str, int], /) -> Outcome:
        """Train one after the other."""
        taught = train_part(task, self.teacher, "teacher", steps["teacher"])
        data = task.data
        answers = Classifier(taught.network)(data.unlabelled)
        labels = Dataset(data.unlabelled, answers, data.labelled.classes)
        learned = train_part(
            task, self.student, "student", steps["student"], FewLabels(labels, data.unlabelled, data.validation)
        )
        before = taught.history
        samples = before.samples_done + len(answers)
        return outcome_of(learned, task, seconds=before.seconds_done, samples=samples)
