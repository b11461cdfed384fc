/* SPDX-License-Identifier: Apache-2.0
 * test_estimators.c: quantiles against literals of 20 digits (mpmath, bisection at 40 digits), estimators
 * against published vectors and their definitions. */
#include "vprec.h"
#include <math.h>
#include <stdio.h>

static int failures;

static void near(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fabs(want))) {
        printf("%s: %.17g, want %.17g\n", what, got, want);
        failures++;
    }
}

static const struct {
    double p, df, x;
} normals[] = {{1e-300, 0, -37.047096299361199237}, {1e-10, 0, -6.3613409024040561991},
               {0.025, 0, -1.9599639845400542118},  {0.3, 0, -0.52440051270804081597},
               {0.6, 0, 0.25334710313579974132},    {0.975, 0, 1.9599639845400538556},
               {0.9999, 0, 3.7190164854557083867}},
  chi2s[] = {{0.025, 1, 0.0009820691171752560214}, {0.025, 7, 1.6898691806773546133},
             {0.975, 29, 45.722285804174539027},   {0.5, 2, 1.3862943611198906188},
             {1e-5, 0.5, 1.349939578622346466e-20}, {0.025, 9999, 9723.7322370149901646},
             {0.999, 100, 149.44925277903870637},  {0.005, 999, 887.6211352175186586},
           {0.025, 999999, 997229.0885291945163}, {0.5, 100000, 99999.333334123462559},
           {0.975, 250, 295.6886281787862056}},
  students[] = {{0.025, 1, -12.706204736174703938}, {0.025, 2, -4.3026527297494637234},
                {0.025, 29, -2.0452296421327042717}, {0.0005, 7, -5.4078825208617252209},
                {0.3, 4, -0.56864906304970548011},   {0.01, 1000, -2.330082674755512974},
                {0.49, 3, -0.027211467049118020418}},
  /* Around one half, where quantiles are about zero; to the last p on both sides of it. */
  middle_normals[] = {{0x1.fffffffffffffp-2, 0, -1.3914582123358834611e-16},
                      {0x1.0000000000001p-1, 0, 2.7829164246717669222e-16},
                      {0.4999999999, 0, -2.5066284820303539022e-10},
                      {0.500001, 0, 2.5066282747057051991e-6},
                      {0.4999, 0, -0.00025066283008800749239},
                      {0.300001, 0, -0.52439763660655037607},
                      {0.69, 0, 0.49585034734745317551},
                      {0.71, 0, 0.55338471955567271553}},
  middle_students[] = {{0x1.fffffffffffffp-2, 3, -1.5102913621674744914e-16},
                       {0.5000000001, 7, 2.5974604905604773753e-10},
                       {0.4999, 1, -0.00031415927569437069231},
                       {0.31, 0.5, -0.92765589038018961936},
                       {0.69, 200, 0.49662348500696173634},
                       {0.499999999, 9999, -2.5066910156436824593e-9},
                       {0.6, 1e6, 0.253347170537841622}};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void quantiles(void)
{
    for (size_t i = 0; i < COUNT(normals); i++)
        near("normal", vprec_normal_quantile(normals[i].p), normals[i].x, 1e-13);
    for (size_t i = 0; i < COUNT(middle_normals); i++)
        near("normal near 1/2", vprec_normal_quantile(middle_normals[i].p), middle_normals[i].x, 1e-13);
    for (size_t i = 0; i < COUNT(middle_students); i++)
        near("student near 1/2", vprec_student_quantile(middle_students[i].p, middle_students[i].df),
             middle_students[i].x, 1e-13);
    for (size_t i = 0; i < COUNT(chi2s); i++)
        near("chi2", vprec_chi2_quantile(chi2s[i].p, chi2s[i].df), chi2s[i].x, 1e-13);
    for (size_t i = 0; i < COUNT(students); i++) {
        near("student", vprec_student_quantile(students[i].p, students[i].df), students[i].x, 1e-13);
        near("student, upper", vprec_student_quantile(1 - students[i].p, students[i].df), -students[i].x, 1e-12);
    }
    if (!isnan(vprec_normal_quantile(-0.1)) || !isnan(vprec_chi2_quantile(0.5, 0)) ||
        !isnan(vprec_student_quantile(2, 3)) || vprec_normal_quantile(0.5) != 0 ||
        vprec_normal_quantile(1) != INFINITY || vprec_chi2_quantile(0, 3) != 0) {
        printf("arguments at and beyond the ends\n");
        failures++;
    }
}

/* The definition: floor(2^j |Z|) is even for all j <= k; |Z| below 2^60. */
static int contributing_by_definition(double z)
{
    int k = -61;
    while (k < 60 && fmod(floor(ldexp(z, k + 1)), 2) == 0)
        k++;
    return k;
}

static void bernoulli(void)
{
    static const double errors[] = {0.25, 0.3, 0.5, 0.49999, 1, 1.5, 2, 3, 1e-9, 0x1p-30, 0x1.8p-31, 1000};
    for (size_t i = 0; i < COUNT(errors); i++) {
        double k = vprec_bernoulli_bits(errors[i]);
        if (!(errors[i] <= exp2(-k) && errors[i] > exp2(-k - 1))) {
            printf("Bernoulli bits of %g: %g\n", errors[i], k);
            failures++;
        }
        near("contributing", vprec_bernoulli_bits_contributing(errors[i]), contributing_by_definition(errors[i]), 0);
    }
}

static void others(void)
{
    double chance, skewed = vprec_jarque_bera(100, 100, 50, 350, &chance);
    near("samples", vprec_samples_needed(.95, .95), 59, 0);
    near("samples", vprec_samples_needed(.99, .95), 299, 0);
    near("samples", vprec_samples_needed(.9, .95), 29, 0);
    /* Skewness 0.5, excess 0.5. */
    near("Jarque-Bera", skewed, 100. / 6 * (0.25 + 0.0625), 1e-14);
    near("its chance", chance, exp(-skewed / 2), 1e-14);
    near("CESTAC", vprec_cestac_digits(1, 1e-6, 3, .95), log10(sqrt(3) * 1e6 / 4.3026527297494637), 1e-13);
    near("CESTAC of small numbers", vprec_cestac_digits(1e-300, 1e-306, 3, .95),
         log10(sqrt(3) * 1e6 / 4.3026527297494637), 1e-13);
    near("CESTAC of far numbers", vprec_cestac_digits(1e300, 1e-300, 3, .95),
         600 + log10(sqrt(3) / 4.3026527297494637), 1e-13);
    near("Jarque-Bera of large moments", vprec_jarque_bera(100, 100e120, 50e180, 350e240, &chance), skewed, 1e-13);
    near("Jarque-Bera of small moments", vprec_jarque_bera(100, 100e-140, 50e-210, 350e-280, &chance), skewed, 1e-13);
    near("successes", vprec_success_bound(9, 10, .95), 11. / 14 - 1.6448536269514722 * sqrt(11. * 3 / (14. * 14 * 14)),
         1e-13);
    if (!isnan(vprec_cnh_shift(1, .95, .95)) || !isnan(vprec_cnh_shift_contributing(8, .8, .95))) {
        printf("shifts of impossible arguments\n");
        failures++;
    }
}

int main(void)
{
    quantiles();
    bernoulli();
    others();
    return failures > 0;
}
