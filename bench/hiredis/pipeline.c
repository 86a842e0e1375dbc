/* SET and GET in pipelines: how many commands a second. Arguments: port, commands of a pipeline, pipelines.
 * Prints the commands a second of all pipelines but the first, which warms up. */
#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static redisReply* next(redisContext* redis) {
    void* reply = NULL;
    if (redisGetReply(redis, &reply) != REDIS_OK) {
        fprintf(stderr, "%s\n", redis->errstr);
        exit(1);
    }
    return reply;
}

/* Half of the commands store, half ask for what was stored. */
static void pipeline(redisContext* redis, int commands) {
    char expected[32];
    int i;
    for (i = 0; i < commands / 2; ++i) {
        redisAppendCommand(redis, "SET key:%d value-%d", i, i);
        redisAppendCommand(redis, "GET key:%d", i);
    }
    for (i = 0; i < commands / 2; ++i) {
        redisReply* reply;
        freeReplyObject(next(redis));
        reply = next(redis);
        sprintf(expected, "value-%d", i);
        if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, expected) != 0) exit(2);
        freeReplyObject(reply);
    }
}

int main(int count, char** arguments) {
    struct timespec begin, end;
    redisContext* redis;
    int commands, pipelines, i;
    if (count < 4) return 1;
    commands = atoi(arguments[2]), pipelines = atoi(arguments[3]);
    redis = redisConnect("127.0.0.1", atoi(arguments[1]));
    if (!redis || redis->err) return 1;
    pipeline(redis, commands);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (i = 0; i < pipelines; ++i)
        pipeline(redis, commands);
    clock_gettime(CLOCK_MONOTONIC, &end);
    redisFree(redis);
    printf("%.0f\n", (double)commands * pipelines /
                         ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9));
    return 0;
}
