"""Quantizers for Larq layers, by class or by alias: each a pure function with its gradient, and a thin class."""

from larq_focal.larq_patches import apply_patches
from larq_focal.quantizers.binary_activations.learnable_activation_binarizer import LearnableActivationBinarizer
from larq_focal.quantizers.binary_activations.local_threshold import NiblackSign, SauvolaSign, clipped_sign
from larq_focal.quantizers.binary_activations.rsign import RSign, threshold_sign
from larq_focal.quantizers.binary_kernels.adabin import AdaBinSign
from larq_focal.quantizers.binary_kernels.bnn_plus import BnnPlusSign
from larq_focal.quantizers.binary_kernels.gumbel import GumbelSign, GumbelTemperature, gumbel_sign, logistic_noise
from larq_focal.quantizers.binary_kernels.gumbel_score import GumbelScoreSign, score_logit
from larq_focal.quantizers.binary_kernels.hysteresis import HysteresisSign, hysteresis_sign, schmitt_trigger
from larq_focal.quantizers.binary_kernels.libra import LibraSign
from larq_focal.quantizers.binary_kernels.recu import ReCUSign, ReCUTau
from larq_focal.quantizers.binary_kernels.xnor import XnorSign, xnor_sign
from larq_focal.quantizers.few_bits.gumbel_score_ternary import GumbelScoreTernary
from larq_focal.quantizers.few_bits.lsq import LSQ, lsq
from larq_focal.quantizers.few_bits.omse import OMSE, omse_range
from larq_focal.quantizers.few_bits.pact import PACT, pact
from larq_focal.quantizers.few_bits.power_of_two import LogQuant, PowerOfTwo, power_of_two
from larq_focal.quantizers.few_bits.sawb import SAWB, sawb, sawb_range
from larq_focal.quantizers.few_bits.sum_of_powers_of_two import SumOfPowersOfTwo, sums_of_powers_of_two
from larq_focal.quantizers.few_bits.ternary import TernarySign, ternary_sign
from larq_focal.quantizers.few_bits.ternary_weights import TernaryWeights, ternary_weights
from larq_focal.quantizers.parts.binary_regularizer import BinaryRegularizer
from larq_focal.quantizers.parts.error_decay import EdeSign, ErrorDecay, error_decay_sign
from larq_focal.quantizers.parts.sign import sign
from larq_focal.quantizers.registry import QUANTIZERS, QuantizerRow
from larq_focal.quantizers.signs.tanh import SigmoidSign, SigmoidStep, TanhSign, sigmoid_step, tanh_sign

__all__ = [
    "LSQ",
    "OMSE",
    "PACT",
    "QUANTIZERS",
    "SAWB",
    "AdaBinSign",
    "BinaryRegularizer",
    "BnnPlusSign",
    "EdeSign",
    "ErrorDecay",
    "GumbelScoreSign",
    "GumbelScoreTernary",
    "GumbelSign",
    "GumbelTemperature",
    "HysteresisSign",
    "LearnableActivationBinarizer",
    "LibraSign",
    "LogQuant",
    "NiblackSign",
    "PowerOfTwo",
    "QuantizerRow",
    "RSign",
    "ReCUSign",
    "ReCUTau",
    "SauvolaSign",
    "SigmoidSign",
    "SigmoidStep",
    "SumOfPowersOfTwo",
    "TanhSign",
    "TernarySign",
    "TernaryWeights",
    "XnorSign",
    "clipped_sign",
    "error_decay_sign",
    "gumbel_sign",
    "hysteresis_sign",
    "logistic_noise",
    "lsq",
    "omse_range",
    "pact",
    "power_of_two",
    "sawb",
    "sawb_range",
    "schmitt_trigger",
    "score_logit",
    "sigmoid_step",
    "sign",
    "sums_of_powers_of_two",
    "tanh_sign",
    "ternary_sign",
    "ternary_weights",
    "threshold_sign",
    "xnor_sign",
]

apply_patches()
