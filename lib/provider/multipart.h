/*
 * multipart - multipart/form-data (RFC 7578).
 */
#ifndef MULTIPART_H
#define MULTIPART_H

#include "provider/form.h"

#define MULTIPART_BOUNDARY_MAX 70 /* bytes, RFC 2046 section 5.1.1 */
#define MULTIPART_HEADERS_MAX 4096 /* bytes before the content of a part */

/*
 * Parse into a flat object, name to text, as form_parse() does; of a repeated
 * name the first counts.  The content type tells the boundary.  Of a file only
 * its name is taken, not its content.  On FORM_BAD *reason says why; static.
 */
enum form_rc multipart_parse(const char *content_type, const char *s, size_t n,
    struct arena *a, struct json **out, const char **reason);

#endif /* !MULTIPART_H */
