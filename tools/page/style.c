/* SPDX-License-Identifier: Apache-2.0
 * style.c: the style sheets. Pictures come from gnuplot in the light
 * colours; rules by attribute turn these into the dark ones. */
#include "style.h"

#define LIGHT_ENTRY(id, name, light, dark) light,
const char *const page_light[PAGE_COLOURS_COUNT] = {PAGE_COLOURS(LIGHT_ENTRY)};
#define DARK_ENTRY(id, name, light, dark) dark,
static const char *const page_dark[PAGE_COLOURS_COUNT] = {PAGE_COLOURS(DARK_ENTRY)};
#define NAME_ENTRY(id, name, light, dark) #name,
static const char *const names[PAGE_COLOURS_COUNT] = {PAGE_COLOURS(NAME_ENTRY)};

static const char sheet[] =
    "*{box-sizing:border-box}\n"
    "html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,'Noto Sans','DejaVu Sans',sans-serif;overflow-wrap:anywhere}\n"
    "header,main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}\n"
    "header{padding-top:2rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0}\n"
    "h2{font-size:1.2rem;line-height:1.3;margin:2.5rem 0 .75rem;padding-top:.5rem;border-top:1px solid var(--rule)}\n"
    "h3{font-size:1rem;margin:1.5rem 0 .5rem}\n"
    "a{color:var(--link)}\n"
    ":focus-visible{outline:2px solid var(--link);outline-offset:2px}\n"
    "nav a{display:inline-block;margin-right:1.25rem;padding:.35rem 0}\n"
    ".about,figcaption,footer{color:var(--muted)}\n"
    ".about{margin:.25rem 0 0}\n"
    ".answer{font-size:1.25rem;line-height:1.45;margin:1.5rem 0 1rem;padding:1rem 1.25rem;background:var(--panel);"
    "border-left:.3rem solid var(--link);border-radius:.25rem}\n"
    ".answer strong{font-size:1.15em}\n"
    ".notes{margin:0 0 1rem;padding:0;list-style:none}\n"
    ".notes li{margin:.5rem 0;padding:.5rem 1rem;background:var(--panel);border-left:.3rem solid var(--bad);"
    "border-radius:.25rem}\n"
    /* Each table scrolls in a box of its own, a long one in both directions with its headings in sight. */
    ".box{overflow:auto;max-width:100%;border:1px solid var(--rule);border-radius:.25rem}\n"
    ".long{max-height:min(40rem,85vh)}\n"
    "table{border-collapse:separate;border-spacing:0;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;white-space:nowrap;overflow-wrap:normal}\n"
    "td.text{white-space:normal;overflow-wrap:anywhere;min-width:14rem}\n"
    "tbody tr+tr>*{border-top:1px solid var(--rule)}\n"
    "thead th{position:sticky;top:0;z-index:1;background:var(--panel);border-bottom:1px solid var(--rule);"
    "vertical-align:bottom;white-space:normal;font-weight:600}\n"
    "tbody th{font-weight:600;position:sticky;left:0;background:var(--paper)}\n"
    "thead button{all:unset;cursor:pointer}\n"
    "thead button:focus-visible{outline:2px solid var(--link);outline-offset:2px}\n"
    "th[aria-sort=ascending] button::after{content:' \\25B2'}\n"
    "th[aria-sort=descending] button::after{content:' \\25BC'}\n"
    ".tools{margin:0 0 .75rem}\n"
    ".tools input{font:inherit;padding:.2rem .5rem;max-width:60vw;color:inherit;background:var(--paper);"
    "border:1px solid var(--muted);border-radius:.25rem}\n"
    ".tools output{color:var(--muted);margin-left:.75rem}\n"
    "[hidden]{display:none}\n"
    ".n{text-align:right}\n"
    "tr.native>*{background:var(--panel)}\n"
    "tr.failed>*{color:var(--bad)}\n"
    "tr.pending>*{color:var(--muted);font-style:italic}\n"
    "tr.best>*{background:var(--panel);font-weight:700}\n"
    "tr.best>th{box-shadow:inset .3rem 0 var(--link)}\n"
    "td.yes{color:var(--good)}\n"
    "td.no{color:var(--bad)}\n"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:2rem 1.5rem}\n"
    "figure{margin:0;min-width:0}\n"
    "figcaption{font-size:.9rem;margin-top:.25rem}\n"
    ".picture{display:block;width:100%;height:auto;max-width:40rem}\n"
    ".picture [font-family]{font-family:inherit}\n"
    "pre{margin:0;padding:.9rem 1.1rem;background:var(--panel);border:1px solid var(--rule);border-radius:.25rem;"
    "font:.875rem/1.5 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n"
    "code{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:.9em}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.25rem;margin:1rem 0}\n"
    "dt{color:var(--muted)}\n"
    "dd{margin:0}\n"
    "summary{cursor:pointer;padding:.35rem 0}\n"
    "footer{margin-top:3rem;padding-bottom:2rem;font-size:.9rem}\n"
    "@media (max-width:30rem){th,td{padding:.3rem .45rem}"
    "header,main,footer{padding-left:1rem;padding-right:1rem}header{padding-top:1.25rem}"
    ".answer{font-size:1.1rem}}\n"
    "@media print{.box{overflow:visible;max-height:none}thead th{position:static}nav,.tools{display:none}}\n";

static void put_variables(FILE *out, const char *const *colours)
{
    fputs(":root{", out);
    for (size_t i = 0; i < PAGE_COLOURS_COUNT; i++)
        fprintf(out, "%s--%s:%s", i ? ";" : "", names[i], colours[i]);
    fputs("}", out);
}

/* Attributes are weaker than any rule, so the rules need no more than name the colour that stands there. */
static void put_recolouring(FILE *out)
{
    static const char *const attributes[] = {"fill", "stroke", "color"};
    for (size_t i = 0; i < PAGE_COLOURS_COUNT; i++)
        for (size_t a = 0; a < sizeof attributes / sizeof *attributes; a++)
            fprintf(out, ".picture [%s=\"%s\"]{%s:%s}", attributes[a], page_light[i], attributes[a], page_dark[i]);
}

static const char dark[] = "@media (prefers-color-scheme:dark){";

void page_put_style(FILE *out)
{
    put_variables(out, page_light);
    fprintf(out, "\n%s", dark);
    put_variables(out, page_dark);
    put_recolouring(out);
    fprintf(out, "}\n%s", sheet);
}

void page_put_picture_style(FILE *out)
{
    fputs(dark, out);
    put_recolouring(out);
    fputs("}", out);
}
