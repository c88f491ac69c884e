"""img2dataset in an environment of its own, and one run of it."""

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path("bench/requirements-img2dataset.txt")
FOLDER = Path("build/peers/img2dataset")
PYTHON = FOLDER / "bin/python"

_RUN = """
import glob, json, sys
from img2dataset import download
download(url_list=sys.argv[1], input_format="txt", output_folder=sys.argv[2], output_format="files",
    processes_count=1, thread_count=32, image_size=1024, resize_mode="keep_ratio_largest",
    resize_only_if_bigger=True, encode_quality=90, compute_hash="sha256", retries=0,
    number_sample_per_shard=1000)
stats = [json.load(open(name)) for name in glob.glob(sys.argv[2] + "/*_stats.json")]
print(json.dumps({"images": sum(one["successes"] for one in stats)}))
"""


def install() -> None:
    """Make the environment, unless it is there."""
    if PYTHON.exists():
        return
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, FOLDER], check=True)
    install = [
        str(uv),
        "pip",
        "install",
        "--quiet",
        "--python",
        str(PYTHON),
        "-r",
        str(REQUIREMENTS),
    ]
    subprocess.run(install, check=True)


def command(urls: Path, folder: Path) -> tuple[list[str], dict[str, str]]:
    """How to run it: the same size, quality and hash as ours."""
    quiet = {"NO_ALBUMENTATIONS_UPDATE": "1", "PYTHONWARNINGS": "ignore", "HOME": str(FOLDER)}
    return [str(PYTHON), "-c", _RUN, str(urls), str(folder)], quiet | {"PATH": "/usr/bin:/bin"}
