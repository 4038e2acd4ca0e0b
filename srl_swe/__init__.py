"""srl-swe: train small open models to fix real repositories.

Importing this package makes its two environments known to Gymnasium, and does nothing else.
"""

__all__ = ["__version__"]

import gymnasium

__version__ = "0.1.0"

gymnasium.register("srl_swe/RepoTask-v0", entry_point="srl_swe.envs:RepoTask")
gymnasium.register("srl_swe/ExpertStep-v0", entry_point="srl_swe.envs:ExpertStep")
