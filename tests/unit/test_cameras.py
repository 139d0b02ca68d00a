"""Which cameras there are, what they offer, and the sources that open them."""

from __future__ import annotations

import errno
import logging
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Timer

import cv2
import pytest

from edge.cameras import v4l2
from edge.cameras.listing import Camera, describe, list_cameras
from edge.cameras.v4l2 import Mode
from edge.errors import SourceError
from edge.sources import Size, first_camera, open_source
from edge.sources.usb import choose_format
from tests.support import fake_picamera2
from tests.support.fake_v4l2 import M2M, META, STREAMING, Device, Machine

MPLANE, M2M_MPLANE = 0x1000, 0x4000
BUSY, HIDDEN = errno.EBUSY, errno.EACCES


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_the_requests_are_the_kernels() -> None:
    """Request numbers are those that the kernel's header gives to a C compiler (64 bit)."""
    requests = {
        v4l2.VIDIOC_QUERYCAP: 0x80685600,
        v4l2.VIDIOC_ENUM_FMT: 0xC0405602,
        v4l2.VIDIOC_REQBUFS: 0xC0145608,
        v4l2.VIDIOC_ENUM_FRAMESIZES: 0xC02C564A,
        v4l2.VIDIOC_ENUM_FRAMEINTERVALS: 0xC034564B,
    }
    assert all(ours == kernels for ours, kernels in requests.items())


def test_cameras_are_listed_with_all_they_offer(machine: Machine) -> None:
    """Formats, sizes and the fastest rate of each come from the driver, in its order."""
    machine.plug(2, Device())
    (camera,) = list_cameras()
    assert (camera.uri, camera.name, camera.problem) == ("usb:2", "HD Webcam: HD Webcam", None)
    assert camera.modes == (
        Mode("MJPG", 640, 480, 30),
        Mode("MJPG", 1280, 720, 30),
        Mode("YUYV", 640, 480, 30),
        Mode("YUYV", 1280, 720, 10),
    )


def test_cameras_that_scale_show_the_usual_sizes(machine: Machine) -> None:
    """A range of sizes is shown as the usual sizes within it, at its fastest rate."""
    machine.plug(0, Device(stepwise=True))
    assert [(m.width_px, m.height_px, m.fps) for m in list_cameras()[0].modes][:3] == [
        (320, 240, 60),
        (640, 480, 60),
        (1280, 720, 60),
    ]


def test_what_is_no_camera_is_left_out(machine: Machine) -> None:
    """Metadata nodes, a Pi's converters and raw sensors are no cameras; ten comes after nine."""
    machine.plug(10, Device("Second"))
    machine.plug(9, Device("First"))
    machine.plug(1, Device(caps=META | STREAMING))
    machine.plug(11, Device("bcm2835-codec", "bcm2835-codec", M2M | STREAMING))
    machine.plug(13, Device("bcm2835-isp-capture0", "bcm2835-isp"))
    machine.plug(14, Device("unicam-image", "unicam"))
    machine.plug(15, Device("no V4L2", error=errno.ENOTTY))
    assert [camera.uri for camera in list_cameras()] == ["usb:9", "usb:10"]


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (Device(busy=True), "held by another program"),
        (Device(error=errno.EBUSY), "held by another program"),
        (Device(error=errno.EACCES), "usermod -aG video"),
        (Device(error=errno.ENODEV), "is gone"),
        (Device(error=errno.EIO), "Input/output error"),
    ],
)
def test_a_camera_that_cannot_be_used_says_why(machine: Machine, device: Device, told: str) -> None:
    """Its problem is in the list, and is the error of the source that would open it."""
    machine.plug(0, device)
    assert told in str(list_cameras()[0].problem)
    with pytest.raises(SourceError, match=told):
        open_source("usb:0")


def test_a_busy_camera_still_shows_what_it_offers(machine: Machine) -> None:
    """Another program that holds a camera does not hide its formats."""
    machine.plug(0, Device(busy=True))
    assert len(list_cameras()[0].modes) == 4


def test_a_missing_camera_names_those_there_are(machine: Machine) -> None:
    """Someone who mistook the number reads the right one."""
    machine.plug(2, Device())
    machine.plug(3, Device(busy=True))
    with pytest.raises(SourceError, match=r"no camera usb:0; use usb:2, or"):
        open_source("usb:0")


def test_a_missing_camera_takes_no_time(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Camera modules are left out: picamera2 loads slowly, and a wait for a camera repeats this."""
    monkeypatch.setattr(
        "edge.cameras.listing.picamera2_class", lambda: pytest.fail("it was imported")
    )
    with pytest.raises(SourceError, match=r"no camera usb:0; plug it in, or"):
        open_source("usb:0")


def test_a_node_that_is_no_camera_says_so(machine: Machine) -> None:
    """The metadata node beside a camera is not taken for one."""
    machine.plug(1, Device(caps=META))
    with pytest.raises(SourceError, match="is no camera"):
        open_source("usb:1")


def test_the_camera_is_set_before_it_is_read(machine: Machine) -> None:
    """Format, size and rate reach the driver as requested, the format first."""
    machine.plug(0, Device())
    with closing(open_source("usb:0?size=1280x720&fps=15")) as source:
        assert next(source.frames()).rgb.shape == (720, 1280, 3)
        assert source.fps == 15
    properties = machine.captures[0].properties
    assert next(iter(properties)) == cv2.CAP_PROP_FOURCC
    assert properties[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")


@pytest.mark.parametrize(
    ("modes", "chosen"),
    [
        ([("MJPG", 30), ("YUYV", 10)], "MJPG"),
        ([("MJPG", 60), ("YUYV", 30)], "YUYV"),  # both reach the 30 that are requested
        ([("MJPG", 30)], "MJPG"),
        ([("MJPG", None)], "MJPG"),
        ([("YUYV", 10)], "YUYV"),
        ([("H264", 30)], "YUYV"),
        ([], "YUYV"),
    ],
)
def test_the_faster_format_is_chosen(modes: list[tuple[str, float | None]], chosen: str) -> None:
    """MJPG where it is faster at that size, else YUYV."""
    offered = tuple(Mode(name, 640, 480, fps) for name, fps in modes)
    assert choose_format(offered, Size(640, 480), 30) == chosen


@pytest.mark.parametrize(
    ("modes", "size", "chosen"),
    [
        # neither lists 640x480
        ([("MJPG", 640, 360, 30), ("YUYV", 640, 360, 10)], (640, 480), "MJPG"),
        ([("MJPG", 800, 600, 30), ("YUYV", 800, 600, 30)], (640, 480), "YUYV"),
        ([("YUYV", 800, 600, 10), ("MJPG", 800, 600, 30)], (640, 480), "MJPG"),
        # a rate counts at the nearest size only
        ([("YUYV", 640, 360, 30), ("YUYV", 1280, 720, 10), ("MJPG", 1280, 720, 30)], (640, 480),
         "YUYV"),
        ([("YUYV", 640, 360, 30), ("YUYV", 1280, 720, 10), ("MJPG", 1280, 720, 30)], (1920, 1080),
         "MJPG"),
        ([("H264", 640, 480, 30), ("MJPG", 640, 360, 30), ("YUYV", 640, 360, 5)], (640, 480),
         "MJPG"),
    ],
)  # fmt: skip
def test_the_faster_format_at_the_nearest_size_is_chosen(
    modes: list[tuple[str, int, int, float]], size: tuple[int, int], chosen: str
) -> None:
    """The driver gives the nearest size it has, so that the rate there is the one that comes."""
    assert choose_format(tuple(Mode(*mode) for mode in modes), Size(*size), 30) == chosen


INFRARED = {"GREY": [(640, 360, [(1, 30)])]}


@pytest.mark.parametrize(
    "infrared",
    [
        Device("Integrated Camera", formats=INFRARED),
        Device("Integrated IR Camera"),
        Device("Camera (Infrared)"),
    ],
)
def test_colour_comes_before_infrared(machine: Machine, infrared: Device) -> None:
    """A laptop's camera for face recognition is often video0; its pictures are grey."""
    machine.plug(0, infrared)
    machine.plug(2, Device("FIRST Camera"))
    assert [camera.uri for camera in list_cameras()] == ["usb:2", "usb:0"]
    source = first_camera()
    assert getattr(source, "again", "").startswith("usb:2?")
    source.close()  # type: ignore[union-attr]
    assert describe(list_cameras()).count("infrared, without colour") == 1


def test_infrared_is_better_than_nothing(machine: Machine) -> None:
    """If there is no other camera, it is taken."""
    machine.plug(0, Device("IR", formats=INFRARED))
    source = first_camera()
    assert source is not None
    source.close()


def test_a_device_that_gives_several_planes_says_that_it_is_not_supported(
    machine: Machine,
) -> None:
    """It is listed with the reason, in place of being no camera; converters still are none."""
    machine.plug(0, Device("rkisp_mainpath", "rkisp_v5", MPLANE | STREAMING))
    machine.plug(1, Device("pispbe-output0", "pispbe", MPLANE | STREAMING))
    machine.plug(2, Device("hantro-vpu-dec", "hantro-vpu", M2M_MPLANE | STREAMING))
    assert [(camera.uri, "multi-planar" in str(camera.problem)) for camera in list_cameras()] == [
        ("usb:0", True)
    ]
    with pytest.raises(SourceError, match="not supported"):
        open_source("usb:0")


def test_the_drivers_stamps_are_kept(machine: Machine) -> None:
    """Frames carry the moment of capture, not the moment at which they were read."""
    machine.plug(0, Device())
    with closing(open_source("usb:0")) as source:
        before_ms = machine.captures[0].get(cv2.CAP_PROP_POS_MSEC)
        assert next(source.frames()).t_ns == round(before_ms * 1e6)


def test_cameras_without_stamps_are_stamped_on_arrival(machine: Machine) -> None:
    """A driver that leaves stamps at 0 does not stop the clock."""
    machine.plug(0, Device(stamped=False))
    with closing(open_source("usb:0")) as source:
        first, second = islice(source.frames(), 2)
    assert second.t_ns - first.t_ns > 4_000_000


def test_a_camera_that_is_pulled_out_is_lost(machine: Machine) -> None:
    """Its last frames are given, then SourceError; the capture is released once."""
    machine.plug(0, Device(frames=3))
    source = open_source("usb:0")
    frames = source.frames()
    assert len(list(islice(frames, 3))) == 3
    with pytest.raises(SourceError, match=r"HD Webcam.* was lost"):
        next(frames)
    source.close()
    assert machine.captures[0].released >= 1


def test_a_camera_that_gives_no_picture_does_not_open(machine: Machine) -> None:
    """Opening waits for the first frame, so that the next camera can be tried."""
    machine.plug(0, Device(frames=0))
    with pytest.raises(SourceError, match="gives no picture"):
        open_source("usb:0")


def test_the_first_camera_that_works_is_opened(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Cameras that do not work are passed over, and named in the log."""
    machine.plug(0, Device(busy=True))
    machine.plug(1, Device("Broken", frames=0))
    machine.plug(4, Device("Works"))
    with caplog.at_level(logging.WARNING):
        source = first_camera()
    assert source is not None
    assert next(source.frames()).index == 0
    source.close()
    assert ["held" in caplog.text, "Broken" in caplog.text] == [True, True]


def test_without_a_camera_there_is_none(machine: Machine) -> None:
    """No camera is None, from which fingerspell run goes on to the synthetic signer."""
    assert first_camera() is None
    assert "plug in" in describe([])


def test_a_camera_module_comes_first(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Pi the camera module is preferred; USB cameras that libcamera counts are not doubled."""
    fake_picamera2.install(
        monkeypatch,
        cameras=[
            {"Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a"},
            {"Model": "HD Webcam", "Id": "/base/scb/pcie@7d500000/usb@0,0-1.2:1.0-046d:0825"},
        ],
    )
    machine.plug(0, Device())
    assert [camera.uri for camera in list_cameras()] == ["picamera:0", "usb:0"]
    source = first_camera()
    assert type(source).__name__ == "Picamera"
    source.close()  # type: ignore[union-attr]


def test_cameras_are_described_for_people() -> None:
    """One paragraph a camera: the URI to use, its name, what keeps it, what it offers."""
    modes = (Mode("MJPG", 640, 480, 30), Mode("YUYV", 640, 480, None))
    cameras = [Camera("picamera", 0, "imx708"), Camera("usb", 1, "Webcam", modes, "is gone; pull")]
    assert describe(cameras).splitlines() == [
        "picamera:0  imx708",
        "usb:1  Webcam",
        "    is gone; pull",
        "    MJPG: 640x480 at 30",
        "    YUYV: 640x480",
    ]


def test_a_camera_module_is_configured_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size, colour order and frame duration (in microseconds) reach picamera2."""
    fake = fake_picamera2.install(monkeypatch)
    open_source("picamera:0?size=800x600&fps=50").close()
    config = fake.opened[0].config
    assert config["main"] == {"format": "BGR888", "size": (800, 600)}
    assert config["controls"]["FrameDurationLimits"] == (20000, 20000)
    assert fake.opened[0].closed == 1


V2, V3 = fake_picamera2.IMX219, fake_picamera2.IMX708


@pytest.mark.parametrize(
    ("modes", "options", "mode", "share"),
    [
        (V2, "", (1640, 1232), "100 %"),  # and not 640x480, which sees the middle
        (V2, "?size=1920x1080&fps=20", (3280, 2464), "100 %"),
        (V2, "?fps=47", (1920, 1080), "26 %"),  # the whole sensor is slower
        (V2, "?fps=500", (640, 480), "15 %"),
        (V3, "", (2304, 1296), "100 %"),
        (V3, "?fps=14", (2304, 1296), "100 %"),  # as much as the largest, and read faster
    ],
)
def test_a_camera_module_sees_as_much_as_its_rate_allows(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    modes: list[dict[str, object]],
    options: str,
    mode: tuple[int, int],
    share: str,
) -> None:
    """Left to itself, libcamera takes a mode that sees the sensor's middle; the log says which."""
    fake = fake_picamera2.install(monkeypatch, modes=modes)
    with caplog.at_level(logging.INFO):
        open_source(f"picamera:0{options}").close()
    assert fake.opened[0].config["sensor"] == {"output_size": mode, "bit_depth": 10}
    assert f"sees {share} of its sensor, in its mode {mode[0]}x{mode[1]}" in caplog.text


def test_a_camera_module_without_modes_still_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sensors state none."""
    fake = fake_picamera2.install(monkeypatch, modes=[])
    open_source("picamera:0").close()
    assert fake.opened[0].config["sensor"] is None


def test_a_camera_module_that_stops_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cable that comes loose ends in SourceError, and the camera is closed."""
    fake = fake_picamera2.install(monkeypatch, stalls_after=3)
    monkeypatch.setattr("edge.sources.picamera._TIMEOUT_S", 0.2)
    with pytest.raises(SourceError, match="gives no more pictures"):
        list(open_source("picamera:0").frames())
    assert fake.opened[0].closed == 1


def test_closing_a_camera_module_that_stopped_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that waits in vain ends quietly once the source is closed, and closes the camera."""
    fake = fake_picamera2.install(monkeypatch, stalls_after=1)
    monkeypatch.setattr("edge.sources.picamera._TIMEOUT_S", 0.2)
    source = open_source("picamera:0")
    frames = source.frames()
    next(frames)
    Timer(0.05, source.close).start()
    assert list(frames) == []
    assert fake.opened[0].closed == 1


@pytest.mark.parametrize(
    ("changes", "uri", "told"),
    [
        ({"cameras": []}, "picamera:0", "ribbon cable"),
        ({}, "picamera:1", "there are 1, counted from 0"),
        ({"busy": True}, "picamera:0", "close the program that holds it"),
        ({}, "picamera:0?size=8000x6000", "try another size"),
    ],
)
def test_a_camera_module_that_cannot_be_used_says_why(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], uri: str, told: str
) -> None:
    """One line, what to do, and no camera left open."""
    fake = fake_picamera2.install(monkeypatch, **changes)
    with pytest.raises(SourceError, match=told) as caught:
        open_source(uri)
    assert "\n" not in str(caught.value)
    assert all(camera.closed for camera in fake.opened)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ModuleNotFoundError("No module named 'picamera2'", name="picamera2"), "apt install"),
        (ModuleNotFoundError("No module named 'libcamera'", name="libcamera"), "lacks libcamera"),
        (ValueError("numpy.dtype size changed"), "numpy<2"),
    ],
)
def test_a_library_that_does_not_load_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, raised: Exception, told: str
) -> None:
    """Without picamera2 there are no camera modules; a broken library is reported."""

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "picamera2":
                raise raised

    monkeypatch.setattr("sys.meta_path", [Finder()])
    with pytest.raises(SourceError, match=told):
        open_source("picamera:0")
    assert [told in str(camera.problem) for camera in list_cameras()] in ([], [True])
