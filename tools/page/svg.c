/* SPDX-License-Identifier: Apache-2.0
 * svg.c: rewrites gnuplot's SVG: no prolog, ids that no other picture
 * has, names for screen readers. Knows nothing of what is drawn. */
#include "svg.h"
#include "common/say.h"
#include "style.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static const char opening[] = "<svg class=\"picture\"";

/* Behind a colour as gnuplot writes it, "rgb( 17, 34,  51)"; NULL where there is none at `at`. */
static const char *read_colour(const char *at, unsigned long rgb[3])
{
    if (strncmp(at, "rgb(", 4))
        return NULL;
    at += 4;
    for (size_t i = 0; i < 3; i++) {
        char *end;
        rgb[i] = strtoul(at, &end, 10);
        at = end + strspn(end, " ,");
    }
    return *at == ')' ? at + 1 : NULL;
}

/* Copies one tag, from '<' to its '>', which it returns. Behind id=' and # stand ids. */
static const char *put_tag(FILE *out, const char *at, const char *name)
{
    static const char *const before[] = {"id='", "id=\"", "href='#", "url(#"};
    while (*at && *at != '>') {
        unsigned long rgb[3];
        const char *behind = read_colour(at, rgb);
        if (behind) {
            fprintf(out, "#%02lx%02lx%02lx", rgb[0], rgb[1], rgb[2]);
            at = behind;
            continue;
        }
        size_t i = 0;
        while (i < sizeof before / sizeof *before && strncmp(at, before[i], strlen(before[i])))
            i++;
        if (i < sizeof before / sizeof *before) {
            fprintf(out, "%sp%s-", before[i], name);
            at += strlen(before[i]);
        } else {
            putc(*at++, out);
        }
    }
    return at;
}

char *page_svg_element(const char *svg, size_t size, const char *name, const char *title, const char *description)
{
    static const char end[] = "</svg>", body[] = "</desc>", box[] = "viewBox=\"";
    const char *view = memmem(svg, size, box, strlen(box)), *at = memmem(svg, size, body, strlen(body));
    const char *stop = memmem(svg, size, end, strlen(end));
    if (!view || !at || !stop || view > at || at > stop)
        return NULL;
    char *text = NULL;
    size_t length;
    FILE *out = page_open(&text, &length);
    fprintf(out, "%s %.*s\" xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
            "role=\"img\" aria-labelledby=\"p%s-title\" aria-describedby=\"p%s-desc\">\n<title id=\"p%s-title\">",
            opening, (int)(strcspn(view + strlen(box), "\"") + strlen(box)), view, name, name, name);
    page_put_html(out, title);
    fprintf(out, "</title>\n<desc id=\"p%s-desc\">", name);
    page_put_html(out, description);
    fputs("</desc>", out);
    for (at += strlen(body); at < stop;) {
        const char *close;
        if (!strncmp(at, "<title>", 7) && (close = strstr(at, "</title>"))) /* of a line: its number, as a tooltip */
            at = close + strlen("</title>");
        else if (*at == '<')
            at = put_tag(out, at, name);
        else
            putc(*at++, out);
    }
    fputs("</svg>", out);
    page_close(out);
    return text;
}

char *page_svg_file(const char *element)
{
    char *text = NULL;
    size_t length;
    const char *behind = strchr(element, '>') + 1;
    FILE *out = page_open(&text, &length);
    fprintf(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%.*s\n<style>", (int)(behind - element), element);
    page_put_picture_style(out);
    fprintf(out, "</style>%s\n", behind);
    page_close(out);
    return text;
}
