#ifndef HWS_POSIX_GRP_H
#define HWS_POSIX_GRP_H
/* Groups: getgrnam(3). There is no data base; every look-up finds none. */
#include <sys/types.h>

struct group {
    char* gr_name;
    char* gr_passwd;
    gid_t gr_gid;
    char** gr_mem;
};

#ifdef __cplusplus
extern "C" {
#endif

struct group* getgrnam(const char*);
struct group* getgrgid(gid_t);
int getgrnam_r(const char*, struct group*, char*, size_t, struct group**);
int getgrgid_r(gid_t, struct group*, char*, size_t, struct group**);

#ifdef __cplusplus
}
#endif

#endif
