#ifndef HWS_POSIX_PWD_H
#define HWS_POSIX_PWD_H
/* Users: getpwnam(3). There is no data base; every look-up finds nobody. */
#include <sys/types.h>

struct passwd {
    char* pw_name;
    char* pw_passwd;
    uid_t pw_uid;
    gid_t pw_gid;
    char* pw_gecos;
    char* pw_dir;
    char* pw_shell;
};

#ifdef __cplusplus
extern "C" {
#endif

struct passwd* getpwnam(const char*);
struct passwd* getpwuid(uid_t);
int getpwnam_r(const char*, struct passwd*, char*, size_t, struct passwd**);
int getpwuid_r(uid_t, struct passwd*, char*, size_t, struct passwd**);

#ifdef __cplusplus
}
#endif

#endif
