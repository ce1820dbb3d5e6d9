/* streams - none of the first three descriptors is left to somebody else. */
#include "base/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void
streams_open(void)
{
	/* To write to what is open for reading alone fails, and is told. */
	static const int flags[] = {
	    [STDIN_FILENO] = O_RDONLY,
	    [STDOUT_FILENO] = O_RDONLY,
	    [STDERR_FILENO] = O_WRONLY,
	};

	/* The lowest that is free is the one that is opened. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", flags[fd]) != fd)
			_Exit(EXIT_FAILURE);
}
