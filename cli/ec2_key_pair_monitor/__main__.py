"""``python -m ec2_key_pair_monitor``."""

import sys

from ec2_key_pair_monitor.main import main

if __name__ == "__main__":
    sys.exit(main())
