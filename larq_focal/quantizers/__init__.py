"""Quantizers for Larq layers, by class or by alias: each a pure function with its gradient, and a thin class."""

from larq_focal.larq_patches import apply_patches
from larq_focal.quantizers.adabin import AdaBinSign
from larq_focal.quantizers.binary_regularizer import BinaryRegularizer
from larq_focal.quantizers.bnn_plus import BnnPlusSign
from larq_focal.quantizers.error_decay import EdeSign, ErrorDecay, error_decay_sign
from larq_focal.quantizers.gumbel import GumbelSign, GumbelTemperature, gumbel_sign, logistic_noise
from larq_focal.quantizers.gumbel_score import GumbelScoreSign, score_logit
from larq_focal.quantizers.gumbel_score_ternary import GumbelScoreTernary
from larq_focal.quantizers.hysteresis import HysteresisSign, hysteresis_sign, schmitt_trigger
from larq_focal.quantizers.learnable_activation_binarizer import LearnableActivationBinarizer
from larq_focal.quantizers.libra import LibraSign
from larq_focal.quantizers.local_threshold import NiblackSign, SauvolaSign, clipped_sign
from larq_focal.quantizers.lsq import LSQ, lsq
from larq_focal.quantizers.omse import OMSE, omse_range
from larq_focal.quantizers.pact import PACT, pact
from larq_focal.quantizers.power_of_two import LogQuant, PowerOfTwo, power_of_two
from larq_focal.quantizers.recu import ReCUSign, ReCUTau
from larq_focal.quantizers.registry import QUANTIZERS, QuantizerRow
from larq_focal.quantizers.rsign import RSign, threshold_sign
from larq_focal.quantizers.sawb import SAWB, sawb, sawb_range
from larq_focal.quantizers.sign import sign
from larq_focal.quantizers.sum_of_powers_of_two import SumOfPowersOfTwo, sums_of_powers_of_two
from larq_focal.quantizers.tanh import SigmoidSign, SigmoidStep, TanhSign, sigmoid_step, tanh_sign
from larq_focal.quantizers.ternary import TernarySign, ternary_sign
from larq_focal.quantizers.ternary_weights import TernaryWeights, ternary_weights
from larq_focal.quantizers.xnor import XnorSign, xnor_sign

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
