"""The files in which boards tell about themselves, as far as they are read; layout and contents as on the real ones."""

from __future__ import annotations

from pathlib import Path

RASPBERRY_PI_4 = {
    "proc/cpuinfo": (
        "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n"
        "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n"
        "processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
    ),
    "proc/meminfo": "MemTotal:        3884400 kB\nMemFree:          100000 kB\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/devices/virtual/thermal/thermal_zone0/temp": "48199\n",
    "sys/devices/virtual/thermal/thermal_zone1/temp": "51608\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50000\n",
}
RASPBERRY_PI_5 = {
    "proc/cpuinfo": (
        "processor\t: 0\nBogoMIPS\t: 108.00\n"
        "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc asimddp\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n\n"
    ),
    "proc/meminfo": "MemTotal:        8256224 kB\n",
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "2400000\n",
    "sys/devices/virtual/thermal/thermal_zone0/temp": "60600\n",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon2/name": "rpi_volt\n",
}


def written(folder: Path, files: dict[str, str]) -> Path:
    """``folder`` with the files in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
