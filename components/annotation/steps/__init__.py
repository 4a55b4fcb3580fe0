"""The five steps of HCoT in their order (papers/fusar-klip: section 3)."""

from components.annotation.findings import Step
from components.annotation.steps import calibration, geoscience, instances, sar_knowledge, social_development
from components.records.families import CALIBRATION, DEVELOPMENT, GEOSCIENCE, INSTANCES, SCATTERING

STEPS = (
    Step(GEOSCIENCE, geoscience.think),
    Step(DEVELOPMENT, social_development.think),
    Step(SCATTERING, sar_knowledge.think),
    Step(INSTANCES, instances.think),
    Step(CALIBRATION, calibration.think),
)
