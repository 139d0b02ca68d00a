"""MediaPipe 0.10.18's own Hands, frame by frame: the other side of benchmarks/developers/parity.py.

Runs in an environment of its own, which has mediapipe and nothing of ours, because the two want
different versions of OpenCV, NumPy and Python. It reads frames from stdin and answers each on
stdout, so that both sides see the very same pixels:

    in:  three int32 (1 where a clip begins, height, width), then height * width * 3 bytes of RGB
    out: 65 float32: hands found (0 or 1), 1 if MediaPipe says "Left", then the 21 landmarks as
         x, y, z in pixels of the frame

    python mediapipe_reference.py lite|full
"""

from __future__ import annotations

import os
import sys

import mediapipe  # type: ignore[import-not-found]
import numpy as np


def main() -> None:
    """Answers until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # MediaPipe may print: that is not an answer
    questions = sys.stdin.buffer
    complexity = {"lite": 0, "full": 1}[sys.argv[1]]
    hands = None
    while head := questions.read(12):
        begins, height, width = (int(n) for n in np.frombuffer(head, np.int32))
        if begins or hands is None:
            if hands is not None:
                hands.close()
            hands = mediapipe.solutions.hands.Hands(
                static_image_mode=False,
                max_num_hands=1,
                model_complexity=complexity,
                min_detection_confidence=0.5,
                min_tracking_confidence=0.5,
            )
        picture = np.frombuffer(questions.read(height * width * 3), np.uint8)
        found = hands.process(picture.reshape(height, width, 3))
        answer = np.zeros(65, np.float32)
        if found.multi_hand_landmarks:
            points = [(p.x, p.y, p.z) for p in found.multi_hand_landmarks[0].landmark]
            answer[0] = 1
            answer[1] = found.multi_handedness[0].classification[0].label == "Left"
            answer[2:] = np.ravel(np.multiply(points, (width, height, width)))
        answers.write(answer.tobytes())
        answers.flush()


main()
