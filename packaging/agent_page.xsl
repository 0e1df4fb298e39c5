<?xml version="1.0"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- The manual page of a resource agent (roff, man macros) from its meta-data. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text" encoding="UTF-8"/>
<xsl:param name="provider"/>
<xsl:param name="product"/>
<xsl:param name="date"/>
<xsl:param name="see-also"/>

<xsl:variable name="newline" select="'&#10;'"/>
<xsl:variable name="type" select="/resource-agent/@name"/>
<xsl:variable name="agent" select="concat('ocf:', $provider, ':', $type)"/>

<xsl:template match="/resource-agent">
<xsl:value-of select="concat('.TH OCF_', $provider, '_', $type, ' 7 &quot;', $date, '&quot; &quot;', $product,
                      '&quot; &quot;OCF resource agents&quot;', $newline,
                      '.ad l', $newline, '.nh', $newline, '.SH NAME', $newline, 'ocf_', $provider, '_', $type, ' \- ')"/>
<xsl:call-template name="one-line"><xsl:with-param name="text" select="shortdesc"/></xsl:call-template>
<xsl:text>.SH DESCRIPTION&#10;</xsl:text>
<xsl:apply-templates select="longdesc"/>
<xsl:text>.SH PARAMETERS&#10;</xsl:text>
<xsl:apply-templates select="parameters/parameter"/>
<xsl:text>.SH ACTIONS&#10;Timeouts and intervals are the advised ones.&#10;</xsl:text>
<xsl:apply-templates select="actions/action"/>
<xsl:text>.SH EXAMPLES&#10;With crmsh, in one commit:&#10;.PP&#10;.nf&#10;.RS&#10;</xsl:text>
<xsl:call-template name="crmsh"/>
<xsl:text>.RE&#10;.fi&#10;.PP&#10;With pcs:&#10;.PP&#10;.nf&#10;.RS&#10;</xsl:text>
<xsl:call-template name="pcs"/>
<xsl:text>.RE&#10;.fi&#10;.SH SEE ALSO&#10;</xsl:text>
<xsl:value-of select="concat($see-also, $newline)"/>
</xsl:template>

<xsl:template match="parameter">
<xsl:value-of select="concat('.TP', $newline, '\fB', @name, '\fR')"/>
<xsl:if test="@required = 1"> (required)</xsl:if>
<xsl:value-of select="$newline"/>
<xsl:call-template name="one-line"><xsl:with-param name="text" select="concat(shortdesc, '.')"/></xsl:call-template>
<xsl:text>.RS&#10;.PP&#10;</xsl:text>
<xsl:apply-templates select="longdesc"/>
<xsl:text>.RE&#10;</xsl:text>
</xsl:template>

<xsl:template match="action">
<xsl:value-of select="concat('.TP', $newline, '\fB')"/>
<xsl:call-template name="escape"><xsl:with-param name="text" select="string(@name)"/></xsl:call-template>
<xsl:value-of select="concat('\fR', $newline, 'timeout ', @timeout)"/>
<xsl:if test="@interval"><xsl:value-of select="concat(', interval ', @interval)"/></xsl:if>
<xsl:text>.&#10;</xsl:text>
</xsl:template>

<xsl:template name="crmsh">
<xsl:value-of select="concat('crm configure &lt;&lt;END', $newline, 'primitive cluster\-ip ', $agent, ' \e', $newline, '  params')"/>
<xsl:call-template name="needed-parameters"/>
<xsl:for-each select="actions/action[@name = 'start' or @name = 'stop' or @name = 'monitor']">
<xsl:value-of select="concat(' \e', $newline, '  op ', @name)"/>
<xsl:if test="@interval"><xsl:value-of select="concat(' interval=', @interval)"/></xsl:if>
<xsl:value-of select="concat(' timeout=', @timeout)"/>
</xsl:for-each>
<xsl:text> \e
  meta resource\-stickiness=0
clone cluster\-ip\-clone cluster\-ip \e
  meta globally\-unique=true clone\-max=6 clone\-node\-max=6
commit
END
</xsl:text>
</xsl:template>

<xsl:template name="pcs">
<xsl:value-of select="concat('pcs resource create cluster\-ip ', $agent, ' \e', $newline, ' ')"/>
<xsl:call-template name="needed-parameters"/>
<xsl:for-each select="actions/action[@name = 'monitor']">
<xsl:value-of select="concat(' \e', $newline, '  op monitor interval=', @interval, ' timeout=', @timeout)"/>
</xsl:for-each>
<xsl:text> meta resource\-stickiness=0 \e
  clone globally\-unique=true clone\-max=6 clone\-node\-max=6
</xsl:text>
</xsl:template>

<xsl:template name="needed-parameters">
<xsl:for-each select="parameters/parameter[@required = 1]">
<xsl:value-of select="concat(' ', @name, '=')"/>
<xsl:choose>
<xsl:when test="@name = 'ip'">10.0.0.100</xsl:when>
<xsl:otherwise>VALUE</xsl:otherwise>
</xsl:choose>
</xsl:for-each>
</xsl:template>

<!-- Text that is laid out in lines: an empty line ends a paragraph, a line that one blank begins is
     an item of a list, and more blanks go on with it. -->
<xsl:template match="longdesc">
<xsl:call-template name="lines">
<xsl:with-param name="text" select="substring-after(., $newline)"/>
</xsl:call-template>
</xsl:template>

<xsl:template name="lines">
<xsl:param name="text"/>
<xsl:param name="in-list" select="false()"/>
<xsl:variable name="line" select="substring-before($text, $newline)"/>
<xsl:variable name="rest" select="substring-after($text, $newline)"/>
<xsl:variable name="is-item" select="starts-with($line, ' ') and not(starts-with($line, '  '))"/>
<xsl:variable name="stays-in-list" select="$is-item or ($in-list and starts-with($line, ' '))"/>
<xsl:if test="$in-list and not($stays-in-list)">
<xsl:text>.RE&#10;.PD&#10;</xsl:text>
<xsl:if test="normalize-space($line) != ''">.PP&#10;</xsl:if>
</xsl:if>
<xsl:if test="$is-item and not($in-list)">.RS 2&#10;.PD 0&#10;</xsl:if>
<xsl:if test="$is-item">.IP \(bu 2&#10;</xsl:if>
<xsl:choose>
<xsl:when test="normalize-space($line) != ''">
<xsl:call-template name="one-line"><xsl:with-param name="text" select="$line"/></xsl:call-template>
</xsl:when>
<xsl:when test="normalize-space($rest) != ''">.PP&#10;</xsl:when>
</xsl:choose>
<xsl:choose>
<xsl:when test="$rest != ''">
<xsl:call-template name="lines">
<xsl:with-param name="text" select="$rest"/>
<xsl:with-param name="in-list" select="$stays-in-list"/>
</xsl:call-template>
</xsl:when>
<xsl:when test="$stays-in-list">.RE&#10;.PD&#10;</xsl:when>
</xsl:choose>
</xsl:template>

<xsl:template name="one-line">
<xsl:param name="text"/>
<xsl:variable name="trimmed" select="normalize-space($text)"/>
<xsl:if test='starts-with($trimmed, ".") or starts-with($trimmed, "&apos;")'>\&amp;</xsl:if>
<xsl:call-template name="escape"><xsl:with-param name="text" select="$trimmed"/></xsl:call-template>
<xsl:value-of select="$newline"/>
</xsl:template>

<!-- Hyphens are to be copied into a shell; a backslash is roff's own. -->
<xsl:template name="escape">
<xsl:param name="text"/>
<xsl:variable name="first" select="substring($text, 1, 1)"/>
<xsl:choose>
<xsl:when test="$first = ''"/>
<xsl:when test="$first = '-'">\-</xsl:when>
<xsl:when test="$first = '\'">\e</xsl:when>
<xsl:otherwise><xsl:value-of select="$first"/></xsl:otherwise>
</xsl:choose>
<xsl:if test="string-length($text) &gt; 1">
<xsl:call-template name="escape"><xsl:with-param name="text" select="substring($text, 2)"/></xsl:call-template>
</xsl:if>
</xsl:template>
</xsl:stylesheet>
