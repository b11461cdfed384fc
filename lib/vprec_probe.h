/* SPDX-License-Identifier: Apache-2.0
 * vprec_probe.h: how small a format a layer bears: a function of the caller's that computes a layer by libvprec's
 * operations is run in one arithmetic after the other, and its outputs are compared. Part of libvprec. */
#ifndef VPREC_PROBE_H
#define VPREC_PROBE_H

#include "vprec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the layer ---- */

/* One run of a layer in one arithmetic. */
typedef struct vprec_probe vprec_probe;

/* A layer: computes its outputs from its inputs, both in buffers of its own that `context` leads to, and hands the
 * outputs to vprec_probe_output_. What it computes by array functions and sums of products with the roundings that
 * `probe` gives is in the arithmetic of the run; what it computes otherwise is not rounded. It is run many times and
 * must give the same outputs in the same arithmetic: it keeps no state, and does not write to its inputs. In a network
 * a layer may work in place; its input is what the layer before wrote. A status other than VPREC_OK ends the
 * probing. */
typedef vprec_status vprec_layer_run(void *context, vprec_probe *probe);

/* How to round the next operation: for array functions, conversions and elementary functions. Ask anew for each
 * operation: in mode VPREC_SR each answer has random words of its own. What was returned stays valid while 63 more
 * are asked for, at most until the layer's function returns. One thread asks at a time. NULL: `probe` is NULL. */
VPREC_API const vprec_rounding *vprec_probe_rounding(vprec_probe *probe);

/* The same for the next sum of products: dot, gemm, conv. Copy it to change order, block or threads. */
VPREC_API const vprec_accumulation *vprec_probe_sums(vprec_probe *probe);

/* Hands over `n` outputs, which are copied. Several calls append. Every run must hand over as many.
 * VPREC_EINVAL: NULL, more outputs than in the reference run. VPREC_ENOMEM. Either ends the probing, returned or
 * not. */
VPREC_API vprec_status vprec_probe_output_f32(vprec_probe *probe, const float *data, size_t n);
VPREC_API vprec_status vprec_probe_output_f64(vprec_probe *probe, const double *data, size_t n);

/* ---- what is tried ---- */

/* An arithmetic. All zero but `text`: results are rounded to that format, to nearest even. */
typedef struct vprec_candidate {
    const char *text; /* the format as vprec_format_parse reads it; NULL: `format` */
    const char *sums; /* format of products and sums in sums of products; NULL: the same */
    vprec_format format;
    vprec_mode mode;
    bool operands; /* operands of sums of products are rounded to the format first, weights and inputs */
} vprec_candidate;

/* Which measure decides whether a candidate is within the tolerance, and the tolerance where none is given. */
typedef enum vprec_metric {
    VPREC_METRIC_SQNR,          /* sqnr at least, 40 dB */
    VPREC_METRIC_MAX_RELATIVE,  /* max_relative at most, 0.01 */
    VPREC_METRIC_MEAN_RELATIVE, /* mean_relative at most, 0.01 */
    VPREC_METRIC_COSINE,        /* cosine at least, 0.999 */
    VPREC_METRIC_BITS,          /* bits at least, 7 */
    VPREC_METRICS
} vprec_metric;

/* All zero, or NULL for the whole, gives what is said to each. */
typedef struct vprec_probe_options {
    vprec_type type;                   /* the container that the layer computes in; VPREC_F32 */
    const vprec_candidate *candidates; /* NULL: e8m1 to e8m22 (binary64: e11m1 to e11m51), to nearest even */
    size_t count;                      /* of candidates */
    const vprec_candidate *reference;  /* what they are compared with, not stochastic; NULL: the container's own format,
                                          to nearest even */
    vprec_metric metric;
    double tolerance;      /* of the metric, in its unit; 0: as said there */
    unsigned samples;      /* runs of a candidate in mode VPREC_SR; 0: 30. Others run once. */
    unsigned bits;         /* random bits of VPREC_SR, 1..64; 0: 32 */
    uint64_t seed;         /* of VPREC_SR; sample s has the key vprec_key_child(seed, s) */
    double probability;    /* of significant bits, between 0 and 1; 0: 0.95 */
    double confidence;     /* the same; 0: 0.95 */
    vprec_order order;     /* of sums of products, with `block`, `threads` as of vprec_accumulation */
    size_t block;
    unsigned threads;
    bool products;         /* products are rounded, then added; else fused */
    bool uncounted;        /* `outcomes` stay zero; sums of products run ten times as fast and more */
    char *message;         /* NULL, or room for `size` bytes: on failure what was wrong, in one line; 200 hold any */
    size_t size;
} vprec_probe_options;

/* ---- what came out ---- */

/* The outputs x of all samples of a candidate against the reference's, y. An output whose y is NaN or infinite is in no
 * measure. x is lost where it is NaN or infinite and y is not: its relative error is infinite, and so is the noise. */
typedef struct vprec_measure {
    vprec_format format, sums; /* of the candidate */
    vprec_mode mode;
    unsigned samples;
    bool within;          /* the tolerance, and nothing is lost */
    size_t outputs;       /* compared: outputs times samples */
    size_t lost;          /* among them */
    size_t unmeasured;    /* not among them: y is NaN or infinite */
    size_t vanished;      /* x is 0, y is not */
    size_t appeared;      /* y is 0, x is not: in no relative error */
    double max_relative;  /* largest |x-y|/|y|; 0 where no y differs from 0 */
    double mean_relative; /* mean of these */
    double sqnr;          /* signal to noise, 10 log10(sum y^2 / sum (x-y)^2) dB; without noise infinite */
    double cosine;        /* sum xy / sqrt(sum x^2 sum y^2); without noise 1; NaN where only one of both is all zero */
    double worst_bits;    /* the largest k with |x-y|/|y| <= 2^-k for all: vprec_bernoulli_bits(max_relative) */
    double bits;          /* with the confidence a share `probability` of such outputs has |x-y|/|y| <= 2^-bits:
                             Bernoulli trials (Sohier et al., 2021), all outputs as if drawn independently. Where none
                             fails vprec_samples_needed many suffice, else vprec_success_bound decides. NaN: too few */
    double cnh_bits;      /* of samples: the least over outputs of -log2(standard deviation of x/y) - vprec_cnh_shift,
                             which a bias does not show in (theorem 2 there); NaN: one sample, or all y are 0 */
    int least_exponent;   /* of x but zero, infinity, NaN: floor(log2|x|), from .. to; both 0 where there is none */
    int most_exponent;
    vprec_outcomes outcomes; /* of all operations that were given the probe's roundings, exact; of all samples. Zero
                                operations: none was, and nothing was rounded */
} vprec_measure;

#define VPREC_NONE SIZE_MAX

/* VPREC_NONE, or the candidate with the smallest format within the tolerance: the fewest bits, 1 + exponent + fraction
 * bits; of several the best by the metric, then the first. A larger format may fail all the same: see `within`. */
typedef struct vprec_layer_result {
    size_t count;            /* of candidates */
    vprec_measure *measures; /* [count] */
    vprec_measure reference; /* against itself */
    size_t smallest;
} vprec_layer_result;

/* Runs the layer in the reference's arithmetic, in each candidate's, and at last in the reference's again. Fills
 * *result, which vprec_layer_result_free frees; on failure it is all zero. The caller's floating-point environment is
 * left as it was.
 * VPREC_EINVAL: NULL, an option out of range, outputs never handed over or not as many each time, other outputs in the
 * same arithmetic. VPREC_EFORMAT, VPREC_ERANGE: a candidate, or the reference. VPREC_ENOMEM. Or what the layer's
 * function returned. */
VPREC_API vprec_status vprec_probe_layer(vprec_layer_run *run, void *context, const vprec_probe_options *options,
                                         vprec_layer_result *result);
VPREC_API void vprec_layer_result_free(vprec_layer_result *result);

/* One layer of a network, run after those before it. */
typedef struct vprec_layer {
    const char *name; /* for messages; NULL: its number */
    vprec_layer_run *run;
    void *context;
} vprec_layer;

/* What layers in a candidate's arithmetic do: to the outputs of the last of them, and to the network's, those of the
 * last layer. `outcomes` are those of `own`'s layer; of `network` they are zero unless that is the same. */
typedef struct vprec_effect {
    vprec_measure own, network;
} vprec_effect;

/* Of candidate c and layer l at [c * layers + l]: `alone` all others run in the reference's arithmetic; `up_to` layers
 * 0..l run in the candidate's, the others in the reference's. */
typedef struct vprec_network_result {
    size_t count, layers;
    vprec_measure *reference; /* [layers] */
    vprec_effect *alone, *up_to;
    size_t *smallest_alone;   /* [layers]: by `alone` and the network's outputs */
    size_t smallest;          /* of all layers: by `up_to` the last one */
} vprec_network_result;

/* Runs the network twice in the reference's arithmetic, and 2 * layers - 1 times for each sample of each candidate.
 * VPREC_EINVAL: also no layers. Other errors as of vprec_probe_layer. */
VPREC_API vprec_status vprec_probe_network(const vprec_layer *layers, size_t count, const vprec_probe_options *options,
                                           vprec_network_result *result);
VPREC_API void vprec_network_result_free(vprec_network_result *result);

#ifdef __cplusplus
}
#endif
#endif
