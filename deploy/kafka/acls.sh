#!/usr/bin/env bash
# Who may do what in Kafka: everybody what their work needs, and no more. Run by a super user, once and after each change:
#
#     KAFKA_ACLS="kafka-acls.sh --bootstrap-server kafka:9093 --command-config super-user.properties" deploy/kafka/acls.sh
#
# It only adds, so that running it again changes nothing. The brokers need an authorizer that denies by default:
#
#     authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
#     allow.everyone.if.no.acl.found=false
#
# TWINWATCH_TOPIC_PREFIX and TWINWATCH_CONSUMER_GROUP are those of the workers' settings. Names of users may be changed:
#
#     TWINWATCH_USER        the workers                           PLATFORM_USER    the platform's backend
#     TWINWATCH_ADMIN       twinwatch topics create               MODERATION_USER  the warn/ban service
#     TWINWATCH_OPERATOR    twinwatch dead-letters          TWINWATCH_MODERATOR  twinwatch incidents
set -euo pipefail

prefix=${TWINWATCH_TOPIC_PREFIX:-}
group=${TWINWATCH_CONSUMER_GROUP:-twinwatch}
worker=${TWINWATCH_USER:-twinwatch}
admin=${TWINWATCH_ADMIN:-twinwatch-admin}
operator=${TWINWATCH_OPERATOR:-twinwatch-operator}
moderator=${TWINWATCH_MODERATOR:-twinwatch-moderator}
platform=${PLATFORM_USER:-platform}
moderation=${MODERATION_USER:-moderation}
moderation_group=${MODERATION_GROUP:-moderation}
read -ra kafka_acls <<<"${KAFKA_ACLS:-kafka-acls.sh --bootstrap-server localhost:9092}"

activity=(messages invitations contact-requests forum-posts comments profiles media reports)
activity=("${activity[@]/#/activity.}")
verdicts=incidents.verdicts
rejected=incidents.verdicts.rejected
dead_letters=activity.dead-letters
redriven=activity.dead-letters.redriven

# allow USER OPERATION TOPIC... [-- OPTION...]     to read and to write include to describe
allow() {
    local arguments=(--add --force --allow-principal "User:$1" --operation "$2")
    shift 2
    while (($#)) && [[ $1 != -- ]]; do
        arguments+=(--topic "$prefix$1")
        shift
    done
    "${kafka_acls[@]}" "${arguments[@]}" "${@:2}"
}

# workers read what members do and what moderators decided, and write what they found
allow "$worker" Read "${activity[@]}" "$verdicts" -- --group "$group"
allow "$worker" Write incidents incidents.shadow "$dead_letters" "$rejected"

# the backend writes what members do; it reads nothing
allow "$platform" Write "${activity[@]}"

# the warn/ban service reads what it may act on, no findings of rules on trial, writes what was decided, and reads which of that
# could not be used
allow "$moderation" Read incidents "$rejected" -- --group "$moderation_group"
allow "$moderation" Write "$verdicts"

# `twinwatch topics create`, for as long as that takes; it can neither read nor write
allow "$admin" Create "${activity[@]}" "$verdicts" incidents incidents.shadow "$dead_letters" "$rejected" "$redriven"
allow "$admin" Describe "${activity[@]}" "$verdicts" incidents incidents.shadow "$dead_letters" "$rejected" "$redriven"

# `twinwatch dead-letters` reads them and, where they are too large to be carried, their originals; redriving writes them again and
# notes that it did; `twinwatch check-events --topic` reads what is written
allow "$operator" Read "$dead_letters" "$redriven" "${activity[@]}" "$verdicts"
allow "$operator" Write "$redriven" "${activity[@]}" "$verdicts"

# `twinwatch incidents` shows what was found with the events that led to it, writes verdicts, and looks at the workers' lag
allow "$moderator" Read incidents incidents.shadow "$verdicts" "$rejected" "${activity[@]}"
allow "$moderator" Write "$verdicts"
allow "$moderator" Describe -- --group "$group"
