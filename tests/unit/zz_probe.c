#include <stdlib.h>
int f(void);
int
f(void)
{
	int *p = NULL;

	return *p;
}
